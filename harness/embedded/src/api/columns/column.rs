//! One column of a table.

use serde_json::Value;

/// One column: its name and type, whether it is only for wide tables, and what stands in it.
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    pub(super) wide: bool,
    pub(super) cell: fn(&Value) -> Value,
}

/// Makes a column of text.
pub(super) fn column(name: &'static str, cell: fn(&Value) -> Value) -> Column {
    Column { name, kind: "string", wide: false, cell }
}

/// Makes a column of text for wide tables.
pub(super) fn wide(name: &'static str, cell: fn(&Value) -> Value) -> Column {
    Column { wide: true, ..column(name, cell) }
}
