//! Form fields and icons.

use std::fmt;

use crate::error::FieldError;

/// An icon from the sprite; always decorative, with the meaning in text beside it.
pub struct Icon(&'static str);

/// The icon with that name.
pub const fn icon(name: &'static str) -> Icon {
    Icon(name)
}

impl fmt::Display for Icon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (base, name) = (crate::http::static_files::base(), self.0);
        write!(
            f,
            "<svg class=\"i\" aria-hidden=\"true\" focusable=\"false\"><use href=\"{base}/vendor/icons.svg#{name}\"/></svg>"
        )
    }
}

impl askama::filters::HtmlSafe for Icon {}

/// One field of a form.
pub struct Field {
    pub name: &'static str,
    pub label: &'static str,
    pub kind: &'static str,
    pub value: String,
    pub hint: &'static str,
    pub error: Option<String>,
    pub autocomplete: &'static str,
    pub is_required: bool,
    pub is_focused: bool,
}

impl Field {
    /// Creates an empty, required form field, which other methods change; `kind` is the type of the HTML input.
    pub fn new(name: &'static str, label: &'static str, kind: &'static str) -> Self {
        Self {
            name,
            label,
            kind,
            value: String::new(),
            hint: "",
            error: None,
            autocomplete: "off",
            is_required: true,
            is_focused: false,
        }
    }

    pub fn value(mut self, value: &str) -> Self {
        value.clone_into(&mut self.value);
        self
    }

    pub const fn hint(mut self, hint: &'static str) -> Self {
        self.hint = hint;
        self
    }

    pub const fn autocomplete(mut self, word: &'static str) -> Self {
        self.autocomplete = word;
        self
    }

    pub const fn optional(mut self) -> Self {
        self.is_required = false;
        self
    }

    pub const fn focused(self) -> Self {
        self.focused_if(true)
    }

    pub const fn focused_if(mut self, is_focused: bool) -> Self {
        self.is_focused = is_focused;
        self
    }

    pub fn is_password(&self) -> bool {
        self.kind == "password"
    }

    pub fn has_description(&self) -> bool {
        self.error.is_some() || !self.hint.is_empty()
    }
}

/// Attaches each error to its field.
pub fn with_errors(mut fields: Vec<Field>, errors: &[FieldError]) -> Vec<Field> {
    for field in &mut fields {
        let description = errors.iter().find(|error| error.field == field.name);
        field.error = description.map(|error| error.message.clone());
    }
    fields
}
