//! Enums stored as small numbers.

/// Implements storage as a small number in both databases for an enum.
macro_rules! number_enum {
    ($name:ident { $($variant:ident = $number:literal),+ $(,)? }) => {
        impl $name {
            pub const ALL: [Self; [$($number),+].len()] = [$(Self::$variant),+];
        }

        impl<DB: diesel::backend::Backend> diesel::serialize::ToSql<diesel::sql_types::SmallInt, DB> for $name
        where
            i16: diesel::serialize::ToSql<diesel::sql_types::SmallInt, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, DB>) -> diesel::serialize::Result {
                // A constant, because the value has to live as long as the statement.
                let number: &'static i16 = match self { $(Self::$variant => &$number),+ };
                diesel::serialize::ToSql::<diesel::sql_types::SmallInt, DB>::to_sql(number, out)
            }
        }

        impl<DB: diesel::backend::Backend> diesel::deserialize::FromSql<diesel::sql_types::SmallInt, DB> for $name
        where
            i16: diesel::deserialize::FromSql<diesel::sql_types::SmallInt, DB>,
        {
            fn from_sql(value: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
                match <i16 as diesel::deserialize::FromSql<diesel::sql_types::SmallInt, DB>>::from_sql(value)? {
                    $($number => Ok(Self::$variant),)+
                    other => Err(format!("{other} is not a {}", stringify!($name)).into()),
                }
            }
        }
    };
}

pub(crate) use number_enum;
