//! The call matrix: its cells, its truth table, the replies, the paths.

mod calling;
