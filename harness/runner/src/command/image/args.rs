//! What can be asked of the image.

use std::path::PathBuf;

use clap::Subcommand;

/// What to do with the agent's image.
#[derive(Debug, Subcommand)]
pub enum ImageCommand {
    /// Write the agent's image into an archive, and say how to push it to a registry
    ///
    /// The archive is an OCI image layout and a `docker save` in one. The same dualproof writes the same bytes each time.
    /// Exit codes: 0 it is written, 2 the file is there already or cannot be written.
    Export {
        /// The archive to write
        file: PathBuf,
        /// Replace a file that is there
        #[arg(long)]
        force: bool,
    },
}
