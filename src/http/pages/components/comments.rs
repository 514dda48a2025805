//! What users say about an item of an album, with the forms that add to it.

use super::{When, when};
use crate::domain::sharing::album_comments::{Comment, ItemComments};
use crate::fill;
use crate::model::{CommentId, ItemId, TimeZone};

/// A comment as it is shown.
pub(crate) struct CommentView {
    pub(crate) id: CommentId,
    pub(crate) author: String,
    pub(crate) text: String,
    pub(crate) at: When,
    pub(crate) may_remove: bool,
}

impl CommentView {
    pub(crate) fn from_comment(comment: Comment, zone: &TimeZone) -> Self {
        Self {
            id: comment.id,
            author: comment.author,
            text: comment.text,
            at: when(comment.at, zone),
            may_remove: comment.may_remove,
        }
    }
}

/// The comments on an item, and who likes it.
pub(crate) struct CommentsView {
    /// The address of the album, below which those of its actions are.
    pub(crate) base: String,
    pub(crate) item: ItemId,
    pub(crate) is_liked: bool,
    /// `Ada and 2 more like this`; empty if nobody else does.
    pub(crate) liked_by: String,
    pub(crate) comments: Vec<CommentView>,
    /// Whether older ones are on the page of the activity.
    pub(crate) has_older: bool,
}

impl CommentsView {
    pub(crate) fn new(base: String, item: ItemId, found: ItemComments, zone: &TimeZone) -> Self {
        Self {
            base,
            item,
            is_liked: found.is_liked,
            liked_by: liked_by(&found.liked_by),
            has_older: found.has_older,
            comments: found
                .comments
                .into_iter()
                .map(|comment| CommentView::from_comment(comment, zone))
                .collect(),
        }
    }
}

/// Who likes an item beside the viewer.
fn liked_by(names: &[String]) -> String {
    const NAMED: usize = 3;
    match names {
        [] => String::new(),
        names if names.len() <= NAMED => fill!("Liked by {names}", names = names.join(", ")),
        names => {
            let first = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
            let more = names.len() - NAMED;
            fill!("Liked by {names} and {more} more", names = first, more = more)
        }
    }
}
