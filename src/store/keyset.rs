//! Where a list goes on: rows before or behind a place in an order of two columns, found by the index that has both.

use diesel::backend::Backend;
use diesel::expression::{AsExpression, Expression, TypedExpressionType, ValidGrouping, is_aggregate};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Bool, SqlType};
use diesel::{AppearsOnTable, QueryResult, SelectableExpression};

use crate::db::Conn;

/// On which side of the place.
#[derive(Clone, Copy)]
pub enum PageDirection {
    Less,
    Greater,
    /// The place itself, too.
    NotLess,
}

/// `(key, id)` compared with `(at, last)`, key first.
///
/// One database goes to the place by the whole index where rows are compared, and walks through equal keys where it
/// reads `OR`; with the other it is the other way round ([`Conn::seeks_rows`]).
pub struct KeysetPredicate<K, I, A, L> {
    key: K,
    id: I,
    at: A,
    last: L,
    side: PageDirection,
    by_row: bool,
}

/// Rows on that side of the place `(at, last)` in the order of `(key, id)`.
pub fn keyset_predicate<K, I, A, L>(
    conn: &Conn,
    (key, id): (K, I),
    side: PageDirection,
    (at, last): (A, L),
) -> KeysetPredicate<K, I, A::Expression, L::Expression>
where
    K: Expression,
    K::SqlType: SqlType + TypedExpressionType,
    I: Expression,
    I::SqlType: SqlType + TypedExpressionType,
    A: AsExpression<K::SqlType>,
    L: AsExpression<I::SqlType>,
{
    KeysetPredicate { key, id, at: at.as_expression(), last: last.as_expression(), side, by_row: conn.seeks_rows() }
}

impl<K, I, A, L, DB> QueryFragment<DB> for KeysetPredicate<K, I, A, L>
where
    DB: Backend,
    K: QueryFragment<DB>,
    I: QueryFragment<DB>,
    A: QueryFragment<DB>,
    L: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let (strictly, finally) = match self.side {
            PageDirection::Less => (" < ", " < "),
            PageDirection::Greater => (" > ", " > "),
            PageDirection::NotLess => (" > ", " >= "),
        };
        out.push_sql("(");
        if self.by_row {
            out.push_sql("(");
            self.key.walk_ast(out.reborrow())?;
            out.push_sql(", ");
            self.id.walk_ast(out.reborrow())?;
            out.push_sql(")");
            out.push_sql(finally);
            out.push_sql("(");
            self.at.walk_ast(out.reborrow())?;
            out.push_sql(", ");
            self.last.walk_ast(out.reborrow())?;
            out.push_sql(")");
        } else {
            self.key.walk_ast(out.reborrow())?;
            out.push_sql(strictly);
            self.at.walk_ast(out.reborrow())?;
            out.push_sql(" OR (");
            self.key.walk_ast(out.reborrow())?;
            out.push_sql(" = ");
            self.at.walk_ast(out.reborrow())?;
            out.push_sql(" AND ");
            self.id.walk_ast(out.reborrow())?;
            out.push_sql(finally);
            self.last.walk_ast(out.reborrow())?;
            out.push_sql(")");
        }
        out.push_sql(")");
        Ok(())
    }
}

impl<K, I, A, L> Expression for KeysetPredicate<K, I, A, L> {
    type SqlType = Bool;
}

impl<K, I, A, L> ValidGrouping<()> for KeysetPredicate<K, I, A, L> {
    type IsAggregate = is_aggregate::No;
}

/// Prepared statements are kept by their text, which says the side.
impl<K, I, A, L> QueryId for KeysetPredicate<K, I, A, L> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<K: AppearsOnTable<T>, I: AppearsOnTable<T>, A: AppearsOnTable<T>, L: AppearsOnTable<T>, T> AppearsOnTable<T>
    for KeysetPredicate<K, I, A, L>
{
}

impl<K: AppearsOnTable<T>, I: AppearsOnTable<T>, A: AppearsOnTable<T>, L: AppearsOnTable<T>, T> SelectableExpression<T>
    for KeysetPredicate<K, I, A, L>
{
}
