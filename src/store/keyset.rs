//! Keyset pagination: rows before or after a position in an order of two columns, found through the index on both.

use diesel::backend::Backend;
use diesel::expression::{
    AsExpression, Expression, TypedExpressionType, ValidGrouping, is_aggregate,
};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Bool, SqlType};
use diesel::{AppearsOnTable, QueryResult, SelectableExpression};

use crate::db::Conn;

/// Which rows, relative to the position.
#[derive(Clone, Copy)]
pub enum PageDirection {
    Less,
    Greater,
    /// Including the position itself.
    NotLess,
}

/// Compares `(key, id)` with `(at, last)`, key first.
///
/// One database seeks to the position if rows are compared and scans equal keys with `OR`; the other does the opposite.
/// See [`Conn::seeks_rows`].
pub struct KeysetPredicate<K, I, A, L> {
    key: K,
    id: I,
    at: A,
    last: L,
    side: PageDirection,
    by_row: bool,
}

/// Creates the condition that a row is on this side of the position `(at, last)` in the order of `(key, id)`.
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
    KeysetPredicate {
        key,
        id,
        at: at.as_expression(),
        last: last.as_expression(),
        side,
        // Each database uses the index for only one of the two forms of the condition.
        by_row: conn.seeks_rows(),
    }
}

impl<K, I, A, L, DB> QueryFragment<DB> for KeysetPredicate<K, I, A, L>
where
    DB: Backend,
    K: QueryFragment<DB>,
    I: QueryFragment<DB>,
    A: QueryFragment<DB>,
    L: QueryFragment<DB>,
{
    /// Writes a row comparison if `by_row` is set, otherwise the same condition with `OR`: each database uses the index
    /// for only one of the two.
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        // `NotLess` differs from `Greater` only in the last operator, which includes the position itself.
        let (strict_operator, final_operator) = match self.side {
            PageDirection::Less => (" < ", " < "),
            PageDirection::Greater => (" > ", " > "),
            PageDirection::NotLess => (" > ", " >= "),
        };

        out.push_sql("(");

        // `(key, id) < (at, last)`
        if self.by_row {
            out.push_sql("(");
            self.key.walk_ast(out.reborrow())?;
            out.push_sql(", ");
            self.id.walk_ast(out.reborrow())?;
            out.push_sql(")");
            out.push_sql(final_operator);
            out.push_sql("(");
            self.at.walk_ast(out.reborrow())?;
            out.push_sql(", ");
            self.last.walk_ast(out.reborrow())?;
            out.push_sql(")");
        } else {
            // `key < at OR (key = at AND id < last)`
            self.key.walk_ast(out.reborrow())?;
            out.push_sql(strict_operator);
            self.at.walk_ast(out.reborrow())?;
            out.push_sql(" OR (");
            self.key.walk_ast(out.reborrow())?;
            out.push_sql(" = ");
            self.at.walk_ast(out.reborrow())?;
            out.push_sql(" AND ");
            self.id.walk_ast(out.reborrow())?;
            out.push_sql(final_operator);
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

/// Statements are cached by their text, which contains the direction.
impl<K, I, A, L> QueryId for KeysetPredicate<K, I, A, L> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<K: AppearsOnTable<T>, I: AppearsOnTable<T>, A: AppearsOnTable<T>, L: AppearsOnTable<T>, T>
    AppearsOnTable<T> for KeysetPredicate<K, I, A, L>
{
}

impl<K: AppearsOnTable<T>, I: AppearsOnTable<T>, A: AppearsOnTable<T>, L: AppearsOnTable<T>, T>
    SelectableExpression<T> for KeysetPredicate<K, I, A, L>
{
}
