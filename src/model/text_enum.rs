//! Enums stored as text.

/// Implements storage as text in both databases for an enum. An unknown text reads as the first variant, so that a row
/// written by a later version can still be shown.
macro_rules! text_enum {
    ($name:ident { $first:ident = $first_word:literal $(, $variant:ident = $word:literal)* $(,)? }) => {
        impl $name {
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { Self::$first => $first_word, $(Self::$variant => $word),* }
            }

            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                match word { $first_word => Some(Self::$first), $($word => Some(Self::$variant),)* _ => None }
            }
        }

        impl<DB: diesel::backend::Backend> diesel::serialize::ToSql<diesel::sql_types::Text, DB> for $name
        where
            str: diesel::serialize::ToSql<diesel::sql_types::Text, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, DB>) -> diesel::serialize::Result {
                diesel::serialize::ToSql::<diesel::sql_types::Text, DB>::to_sql(self.as_str(), out)
            }
        }

        impl<DB: diesel::backend::Backend> diesel::deserialize::FromSql<diesel::sql_types::Text, DB> for $name
        where
            String: diesel::deserialize::FromSql<diesel::sql_types::Text, DB>,
        {
            fn from_sql(value: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
                let word = <String as diesel::deserialize::FromSql<diesel::sql_types::Text, DB>>::from_sql(value)?;
                Ok(Self::parse(&word).unwrap_or(Self::$first))
            }
        }
    };
}

pub(crate) use text_enum;
