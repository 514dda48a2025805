//! The controls above a list: order, kind and tile size. Each is a link that keeps the others.

use serde::Deserialize;

use crate::language::t;
use crate::model::item::ItemKind;
use crate::model::{Area, Shelf, Sort};
use crate::msg;

/// The query parameters of a list.
#[derive(Deserialize, Clone, Default)]
pub struct ListQuery {
    pub cursor: Option<String>,
    /// In place of `cursor`: the page ends before this position.
    pub before: Option<String>,
    /// In place of `cursor`: the list begins with this month, such as `2018-08`.
    #[serde(default)]
    pub at: String,
    /// In place of `cursor`: the list begins with this item, which a script opens.
    #[serde(default)]
    pub view: String,
    #[serde(default)]
    pub sort: String,
    #[serde(default)]
    pub q: String,
    #[serde(default)]
    pub kind: String,
    /// Of a search: only what was taken in this year.
    #[serde(default)]
    pub year: String,
    /// Of a search: words of the camera.
    #[serde(default)]
    pub camera: String,
    /// Of a search: words of the place.
    #[serde(default)]
    pub place: String,
    /// Of the timeline: only what was taken between these parallels and meridians.
    #[serde(default)]
    pub area: String,
    #[serde(default)]
    pub size: String,
}

/// One link.
pub struct ListOption {
    pub href: String,
    pub label: String,
    pub is_current: bool,
}

/// The head of a column, which sorts by it.
pub struct ColumnHead {
    pub label: &'static str,
    pub href: String,
    /// `ascending` or `descending` if the list is sorted by it, otherwise empty.
    pub direction: &'static str,
    pub class: &'static str,
}

/// A group of links, one of which is current.
pub struct OptionGroup {
    pub label: &'static str,
    /// Whether it is in the menu of rarely used options.
    pub is_in_menu: bool,
    pub choices: Vec<ListOption>,
}

const KINDS: [(&str, &str); 5] = [
    ("", msg!("All kinds")),
    ("photo", msg!("Photos")),
    ("video", msg!("Videos")),
    ("audio", msg!("Music")),
    ("document", msg!("Documents")),
];
/// What the timeline shows.
const TIMELINE_KINDS: [(&str, &str); 3] =
    [("", msg!("All")), ("photos", msg!("Photos")), ("videos", msg!("Videos"))];
const SONG_ORDERS: [(&str, &str); 5] = [
    ("", msg!("By artist")),
    ("album", msg!("By album")),
    ("title", msg!("By title")),
    ("duration", msg!("By length")),
    ("newest", msg!("Recently added")),
];
const SIZES: [(&str, &str); 3] = [("s", msg!("Small")), ("", msg!("Medium")), ("l", msg!("Large"))];

impl ListQuery {
    #[must_use]
    pub fn sort(&self) -> Sort {
        Sort::parse(&self.sort).unwrap_or(Sort::Newest)
    }

    #[must_use]
    pub fn kind(&self) -> Option<ItemKind> {
        ItemKind::parse(&self.kind)
    }

    #[must_use]
    pub fn year(&self) -> Option<i32> {
        self.year.parse().ok()
    }

    #[must_use]
    pub fn area(&self) -> Option<Area> {
        Area::parse(&self.area)
    }

    /// Whether it leaves out some items of the list.
    #[must_use]
    pub fn is_narrowed(&self) -> bool {
        self.kind().is_some()
            || self.year().is_some()
            || self.area().is_some()
            || !self.camera.is_empty()
            || !self.place.is_empty()
    }

    /// The CSS class for that tile size.
    #[must_use]
    pub fn grid_class(&self) -> &'static str {
        match self.size.as_str() {
            "s" => "grid-small",
            "l" => "grid-large",
            _ => "",
        }
    }

    /// The address with all choices that differ from the default.
    #[must_use]
    pub fn href(&self, path: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let parameters = [
            ("q", &self.q),
            ("sort", &self.sort),
            ("kind", &self.kind),
            ("year", &self.year),
            ("camera", &self.camera),
            ("place", &self.place),
            ("area", &self.area),
            ("size", &self.size),
        ];
        query.extend_pairs(parameters.iter().filter(|(_, value)| !value.is_empty()));
        for (name, value) in [("cursor", &self.cursor), ("before", &self.before)] {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        query.extend_pairs([("at", &self.at)].iter().filter(|(_, value)| !value.is_empty()));
        match query.finish() {
            none if none.is_empty() => path.to_owned(),
            parameters => format!("{path}?{parameters}"),
        }
    }

    /// Builds one group of links, one for each pair of value and label in `choices`. `with_parameter` returns the query
    /// with this group's parameter replaced.
    pub fn group(
        &self,
        path: &str,
        label: &'static str,
        choices: &[(impl AsRef<str>, impl AsRef<str>)],
        current: &str,
        with_parameter: impl Fn(Self, String) -> Self,
    ) -> OptionGroup {
        // A changed list starts at its first page, because a cursor belongs to one list.
        let first_page = self.first_page();
        let mut options = Vec::new();
        for (word, label) in choices {
            let word = word.as_ref();
            options.push(ListOption {
                href: with_parameter(first_page.clone(), word.to_owned()).href(path),
                label: t(label.as_ref()).into_owned(),
                is_current: word == current,
            });
        }
        OptionGroup { label, is_in_menu: matches!(label, "Order" | "Size"), choices: options }
    }

    /// The head of a column with the words of its two orders. The first is chosen first; the current one is reversed.
    #[must_use]
    pub fn head(
        &self,
        path: &str,
        (label, class): (&'static str, &'static str),
        (ascending, descending): (&'static str, &'static str),
        (current, first): (&str, &'static str),
    ) -> ColumnHead {
        let direction = match current {
            word if word == ascending => "ascending",
            word if word == descending => "descending",
            _ => "",
        };
        let sort = match direction {
            "ascending" => descending,
            "descending" => ascending,
            _ => first,
        };
        let href = Self { sort: sort.to_owned(), ..self.first_page() }.href(path);
        ColumnHead { label, href, direction, class }
    }

    /// The heads of the table of files: name, size, and when it was added.
    #[must_use]
    pub fn file_heads(&self, path: &str) -> Vec<ColumnHead> {
        let sort = self.sort().as_str();
        vec![
            self.head(path, (msg!("Name"), ""), ("name", "name-desc"), (sort, "name")),
            self.head(
                path,
                (msg!("Size"), "wide-cell"),
                ("smallest", "largest"),
                (sort, "largest"),
            ),
            self.head(path, (msg!("Added"), "wide-cell"), ("oldest", "newest"), (sort, "newest")),
        ]
    }

    /// The heads of the table of songs: title, artist, album and length.
    #[must_use]
    pub fn song_heads(&self, path: &str) -> Vec<ColumnHead> {
        let sort = if self.sort.is_empty() { "artist" } else { self.sort.as_str() };
        let head = |label, class, ascending, descending| {
            self.head(path, (label, class), (ascending, descending), (sort, ascending))
        };
        vec![
            head(msg!("Title"), "", "title", "title-desc"),
            head(msg!("Artist"), "wide-cell", "artist", "artist-desc"),
            head(msg!("Album"), "wide-cell", "album", "album-desc"),
            head(msg!("Length"), "number", "duration", "duration-desc"),
        ]
    }

    /// The query of the first page of the same list.
    #[must_use]
    pub fn first_page(&self) -> Self {
        let (at, view) = (String::new(), String::new());
        Self { cursor: None, before: None, at, view, ..self.clone() }
    }

    /// The shelf of the timeline, or the part of it that was chosen.
    #[must_use]
    pub fn timeline_shelf(&self) -> Shelf {
        match self.kind.as_str() {
            "photos" | "photo" => Shelf::Photos,
            "videos" | "video" => Shelf::Videos,
            _ => Shelf::Timeline,
        }
    }

    /// The controls that apply: no order where there is only one, kinds where there are several, sizes where there are tiles.
    #[must_use]
    pub fn groups(&self, path: &str, shelf: Shelf, is_table: bool) -> Vec<OptionGroup> {
        let mut groups = Vec::new();
        if path == "/audios" {
            groups.push(self.group(
                path,
                msg!("Order"),
                &SONG_ORDERS,
                &self.sort,
                |query, sort| Self { sort, ..query },
            ));
        } else if shelf.fixed_sort().is_none() && path != "/search" {
            // The default order has an empty value, so that addresses do not contain it.
            let orders = Sort::CHOICES
                .map(|sort| (if sort == Sort::Newest { "" } else { sort.as_str() }, sort.title()));
            let current = if self.sort() == Sort::Newest { "" } else { self.sort.as_str() };
            groups.push(self.group(path, msg!("Order"), &orders, current, |query, sort| Self {
                sort,
                ..query
            }));
        }

        if path == "/photos" {
            let current = match shelf {
                Shelf::Photos => "photos",
                Shelf::Videos => "videos",
                _ => "",
            };
            groups.push(self.group(path, msg!("Kind"), &TIMELINE_KINDS, current, |query, kind| {
                Self { kind, ..query }
            }));
        }
        if matches!(
            shelf,
            Shelf::All | Shelf::Favorites | Shelf::Recents | Shelf::Trash | Shelf::Received
        ) {
            let current = self.kind().map_or("", ItemKind::as_str);
            groups.push(
                self.group(path, msg!("Kind"), &KINDS, current, |query, kind| Self {
                    kind,
                    ..query
                }),
            );
        }

        if !is_table {
            groups.push(self.size_group(path));
        }
        groups
    }

    /// The sizes of tiles.
    #[must_use]
    pub fn size_group(&self, path: &str) -> OptionGroup {
        let current = if self.grid_class().is_empty() { "" } else { self.size.as_str() };
        self.group(path, msg!("Size"), &SIZES, current, |query, size| Self { size, ..query })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_keeps_the_others_and_returns_to_the_first_page() {
        let query = ListQuery {
            q: "a&b".into(),
            sort: "name".into(),
            kind: "photo".into(),
            cursor: Some("c".into()),
            ..ListQuery::default()
        };
        assert_eq!(query.href("/search"), "/search?q=a%26b&sort=name&kind=photo&cursor=c");
        let groups = query.groups("/search", Shelf::All, false);
        assert_eq!(groups.iter().map(|group| group.label).collect::<Vec<_>>(), ["Kind", "Size"]);
        let groups = query.groups("/directories/x", Shelf::All, false);
        let newest = &groups[0].choices[0];
        assert_eq!(
            (newest.href.as_str(), newest.is_current),
            ("/directories/x?q=a%26b&kind=photo", false)
        );
        assert!(
            groups[0].choices.iter().any(|choice| choice.label == "By name" && choice.is_current)
        );
        assert!(groups[1].choices[1].is_current);
        assert_eq!(groups[2].choices[2].href, "/directories/x?q=a%26b&sort=name&kind=photo&size=l");
    }

    #[test]
    fn a_list_offers_only_the_options_of_its_shelf() {
        let labels = |shelf, is_table| -> Vec<_> {
            ListQuery::default()
                .groups("/x", shelf, is_table)
                .iter()
                .map(|group| group.label)
                .collect()
        };
        assert_eq!(labels(Shelf::Photos, false), ["Order", "Size"]);
        assert_eq!(labels(Shelf::Recents, false), ["Kind", "Size"]);
        assert_eq!(labels(Shelf::Audios, true), ["Order"]);
    }
}
