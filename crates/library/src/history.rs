//! History by page: newest first, under a filter, with the totals of its months. Opens no original.

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use track::Sport;

use crate::text::count;
use crate::{ActivityId, ActivityRow, Error, Reader, State, UploadRow, activities, uploads};

/// A page has no more rows than this, whatever is asked for.
const LARGEST_PAGE: usize = 1_000;
/// More words than this in a search are left out.
const WORDS: usize = 8;

/// What history is asked for. The default asks for everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Words, each of which is part of the name, the sport or the original file's name; any letter case.
    pub search: String,
    /// Only this sport.
    pub sport: Option<Sport>,
    /// Only activities with an upload in this state.
    pub state: Option<State>,
    /// Started at or after.
    pub from: Option<Timestamp>,
    /// Started before.
    pub to: Option<Timestamp>,
}

/// One line of history.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryRow {
    /// The activity.
    pub activity: ActivityRow,
    /// Its uploads, in the order in which the accounts came.
    pub uploads: Vec<UploadRow>,
}

/// What a month adds up to, under the filter.
#[derive(Clone, Debug, PartialEq)]
pub struct MonthTotal {
    /// `2026-11` by the activities' own local time; empty for those without a start.
    pub month: String,
    /// How many.
    pub activities: u64,
    /// Metres.
    pub distance_m: f64,
    /// Seconds without pauses.
    pub timer_s: f64,
}

/// A page of history, all of one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// Newest first; those without a start come last.
    pub rows: Vec<HistoryRow>,
    /// Given back, it asks for the next page; `None` at the end. It holds while activities come and go.
    pub next: Option<String>,
    /// How many activities the filter finds in all.
    pub total: u64,
    /// Whole totals of the months that occur on this page, in its order.
    pub months: Vec<MonthTotal>,
}

impl Reader {
    /// A page of at most `limit` rows (at least one, at most 1,000), from the start or from a page's `next`.
    ///
    /// # Errors
    /// The cursor is not one of these, or the database failed.
    pub fn history(
        &self,
        filter: &Filter,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page, Error> {
        let after = cursor.map(Place::parse).transpose()?;
        let limit = limit.clamp(1, LARGEST_PAGE);
        let tx = self.db.unchecked_transaction()?;
        let conditions = Conditions::of(filter);
        let mut rows = rows(&tx, &conditions, after, limit)?;
        let next = if rows.len() > limit {
            rows.truncate(limit);
            rows.last().map(|(place, _)| place.write())
        } else {
            None
        };
        let rows: Vec<ActivityRow> = rows.into_iter().map(|(_, row)| row).collect();
        Ok(Page {
            months: months(&tx, &conditions, &rows)?,
            total: total(&tx, &conditions)?,
            rows: rows
                .into_iter()
                .map(|activity| line(&tx, activity))
                .collect::<Result<_, _>>()?,
            next,
        })
    }
}

fn line(db: &Connection, activity: ActivityRow) -> Result<HistoryRow, Error> {
    let uploads = uploads::of_activity(db, activity.id)?;
    Ok(HistoryRow { activity, uploads })
}

/// A place between two rows: after the row that is sorted here.
#[derive(Clone, Copy)]
struct Place {
    order_ms: i64,
    id: ActivityId,
}

impl Place {
    fn write(self) -> String {
        format!("{}.{}", self.order_ms, self.id)
    }

    fn parse(cursor: &str) -> Result<Place, Error> {
        let (order, id) = cursor.split_once('.').ok_or(Error::Cursor)?;
        let order_ms = order.parse().map_err(|_| Error::Cursor)?;
        Ok(Place {
            order_ms,
            id: ActivityId(id.parse().map_err(|_| Error::Cursor)?),
        })
    }
}

/// The filter as SQL, and its values in the order of their question marks.
pub(crate) struct Conditions {
    sql: String,
    values: Vec<Value>,
}

impl Conditions {
    fn of(filter: &Filter) -> Conditions {
        let mut conditions = Conditions {
            sql: String::new(),
            values: Vec::new(),
        };
        if let Some(sport) = filter.sport {
            conditions.and("a.sport = ?", sport.name().to_owned());
        }
        if let Some(from) = filter.from {
            conditions.and("a.order_ms >= ?", from.as_millisecond());
        }
        if let Some(to) = filter.to {
            conditions.and("a.order_ms < ?", to.as_millisecond());
            // Those without a start are sorted far into the past, but did not start there.
            conditions.sql.push_str(" AND a.start_ms IS NOT NULL");
        }
        if let Some(state) = filter.state {
            let sql = "EXISTS (SELECT 1 FROM upload u WHERE u.activity_id = a.id AND u.state = ?)";
            conditions.and(sql, state.name().to_owned());
        }
        for word in filter.search.split_whitespace().take(WORDS) {
            conditions.and(r"a.search LIKE ? ESCAPE '\'", pattern(word));
        }
        conditions
    }

    fn and(&mut self, sql: &str, value: impl Into<Value>) {
        self.sql.push_str(" AND ");
        self.sql.push_str(sql);
        self.values.push(value.into());
    }

    fn are_none(&self) -> bool {
        self.sql.is_empty()
    }
}

/// Matches what holds the word somewhere; `%` and `_` stand for themselves.
fn pattern(word: &str) -> String {
    let mut pattern = String::from("%");
    for c in word.to_lowercase().chars().take(200) {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// The statement behind a page: at most one row more than fits, so that it is known whether there is a next page.
pub(crate) fn page_sql(conditions: &Conditions, goes_on: bool) -> String {
    let (columns, tables, sql) = (activities::COLUMNS, activities::TABLES, &conditions.sql);
    let after = if goes_on {
        " AND (a.order_ms, a.id) < (?, ?)"
    } else {
        ""
    };
    format!(
        "SELECT {columns}, a.order_ms FROM {tables} WHERE true{sql}{after} ORDER BY a.order_ms DESC, a.id DESC LIMIT ?"
    )
}

fn rows(
    db: &Connection,
    conditions: &Conditions,
    after: Option<Place>,
    limit: usize,
) -> Result<Vec<(Place, ActivityRow)>, Error> {
    let mut values = conditions.values.clone();
    if let Some(after) = after {
        values.extend([after.order_ms.into(), after.id.0.into()]);
    }
    values.push(i64::try_from(limit + 1).unwrap_or(i64::MAX).into());
    let mut select = db.prepare_cached(&page_sql(conditions, after.is_some()))?;
    let found = select.query_map(params_from_iter(values), |row| {
        let activity = activities::row(row)?;
        Ok((
            Place {
                order_ms: row.get("order_ms")?,
                id: activity.id,
            },
            activity,
        ))
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

pub(crate) fn total_sql(conditions: &Conditions) -> String {
    if conditions.are_none() {
        "SELECT activities FROM tally".to_owned()
    } else {
        format!(
            "SELECT count(*) FROM activity a WHERE true{}",
            conditions.sql
        )
    }
}

fn total(db: &Connection, conditions: &Conditions) -> Result<u64, Error> {
    let mut select = db.prepare_cached(&total_sql(conditions))?;
    Ok(count(select.query_row(
        params_from_iter(&conditions.values),
        |row| row.get(0),
    )?))
}

pub(crate) fn month_sql(conditions: &Conditions) -> String {
    format!(
        "SELECT count(*), total(a.distance_m), total(a.timer_s) FROM activity a WHERE true{} AND a.month = ?",
        conditions.sql
    )
}

fn months(
    db: &Connection,
    conditions: &Conditions,
    rows: &[ActivityRow],
) -> Result<Vec<MonthTotal>, Error> {
    let mut select = db.prepare_cached(&month_sql(conditions))?;
    let mut found: Vec<MonthTotal> = Vec::new();
    for row in rows {
        if found.iter().any(|month| month.month == row.month) {
            continue;
        }
        let mut values = conditions.values.clone();
        values.push(row.month.clone().into());
        found.push(select.query_row(params_from_iter(values), |total| {
            Ok(MonthTotal {
                month: row.month.clone(),
                activities: count(total.get(0)?),
                distance_m: total.get(1)?,
                timer_s: total.get(2)?,
            })
        })?);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_for_themselves() {
        for (word, expected) in [
            ("Run", "%run%"),
            ("100%", r"%100\%%"),
            ("a_b", r"%a\_b%"),
            (r"\", r"%\\%"),
            ("ÖTZ", "%ötz%"),
        ] {
            assert_eq!(pattern(word), expected);
        }
    }

    #[test]
    fn only_our_own_cursors_are_taken() {
        for bad in [
            "",
            ".",
            "1",
            "1.",
            ".1",
            "1.2.3",
            "a.b",
            "99999999999999999999.1",
            "1.2 OR 1",
        ] {
            assert!(matches!(Place::parse(bad), Err(Error::Cursor)), "{bad}");
        }
        let place = Place {
            order_ms: i64::MIN,
            id: ActivityId(7),
        };
        assert_eq!(
            Place::parse(&place.write())
                .map(|place| (place.order_ms, place.id.0))
                .ok(),
            Some((i64::MIN, 7))
        );
    }

    /// A page's statements without a filter walk an index; nothing reads the whole table or sorts it.
    #[test]
    fn an_unfiltered_page_scans_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let library = crate::Library::open(folder.path()).unwrap();
        let none = Conditions::of(&Filter::default());
        for sql in [
            page_sql(&none, false),
            page_sql(&none, true),
            month_sql(&none),
            total_sql(&none),
        ] {
            let plan = plan(&library, &sql);
            assert!(
                !plan.iter().any(|step| step.contains("TEMP B-TREE")),
                "{sql}\n{plan:#?}"
            );
            // Walking the index in its order is called a scan too: it ends at the page's limit.
            let allowed = |step: &String| {
                step.contains("USING INDEX activity_by_start") || step == "SCAN tally"
            };
            let scans: Vec<_> = plan
                .iter()
                .filter(|step| step.starts_with("SCAN") && !allowed(step))
                .collect();
            assert!(scans.is_empty(), "{sql}\n{scans:#?}");
        }
        let goes_on = plan(&library, &page_sql(&none, true));
        assert!(
            goes_on
                .iter()
                .any(|step| step.starts_with("SEARCH a USING INDEX activity_by_start")),
            "{goes_on:#?}"
        );
    }

    fn plan(library: &crate::Library, sql: &str) -> Vec<String> {
        let mut explain = library
            .db
            .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
            .unwrap();
        let values = vec![Value::Integer(1); explain.parameter_count()];
        let steps = explain
            .query_map(params_from_iter(values), |row| row.get(3))
            .unwrap();
        steps.collect::<Result<_, _>>().unwrap()
    }
}
