//! What shelves say beside their items.

use crate::domain::sharing::received_files;
use crate::error::Result;
use crate::http::pages::components::tile::Tile;
use crate::language::t;
use crate::model::{ItemId, Shelf, User};
use crate::state::Services;
use crate::{fill, msg};

/// Says on each tile who has sent it.
pub(super) fn name_senders(tiles: &mut [Tile], services: &Services, owner: &User) -> Result<()> {
    let ids: Vec<ItemId> = tiles.iter().filter_map(|tile| ItemId::parse(&tile.id)).collect();
    let senders = received_files::senders_of(services, owner, &ids)?;
    for tile in tiles {
        let sender = senders.iter().find(|from| from.item.to_string() == tile.id);
        let name = sender.map_or("", |from| from.sender.as_str());
        tile.flag = Some(if name.is_empty() {
            t(msg!("From a visitor")).into_owned()
        } else {
            fill!("From {name}", name = name)
        });
    }
    Ok(())
}

/// What an empty shelf says.
pub(super) const fn empty_text(shelf: Shelf) -> &'static str {
    match shelf {
        Shelf::Photos | Shelf::Timeline => {
            msg!("No photos yet. Photos and videos you upload appear here.")
        }
        Shelf::Videos => msg!("No videos yet. Videos you upload appear here."),
        Shelf::Audios => msg!("No music yet. Music you upload appears here."),
        Shelf::Favorites => msg!("No favorites yet. Tap the star on anything you love."),
        Shelf::Recents => msg!("Items you open or add appear here."),
        Shelf::Trash => msg!("The trash is empty."),
        Shelf::Received => {
            msg!("Files that visitors send through a link wait here until you accept them.")
        }
        Shelf::Uploads | Shelf::All | Shelf::Motion => {
            msg!("No files yet. Documents and other files you upload appear here.")
        }
    }
}
