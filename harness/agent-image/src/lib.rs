//! The agent's binary, built for this target and held in memory.
//!
//! It is a crate of its own so that the agent is built again only when it changes. The build script says how; a static binary
//! that was built elsewhere is taken with its absolute path as `DUALPROOF_AGENT_BINARY` in the environment of the build.

mod elf;

pub use elf::{ElfError, architecture};

/// The agent: a static Linux program for the target that this crate was built for.
pub static BINARY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/agent"));

#[cfg(test)]
mod tests {
    use super::*;

    /// An ELF header with one program header behind it.
    fn elf(machine: u8, program_header: u8) -> Vec<u8> {
        let mut bytes = vec![0; 64 + 56];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        bytes[16] = 3;
        bytes[18] = machine;
        bytes[32] = 64;
        bytes[54] = 56;
        bytes[56] = 1;
        bytes[64] = program_header;
        bytes
    }

    #[test]
    fn the_built_in_binary_is_static() {
        assert!(architecture(BINARY).is_ok());
    }

    #[test]
    fn a_static_program_tells_its_architecture() {
        for (machine, name) in [(62, "amd64"), (183, "arm64"), (21, "ppc64le"), (243, "riscv64")] {
            assert_eq!(architecture(&elf(machine, 1)), Ok(name));
        }
        assert_eq!(architecture(&elf(40, 1)), Err(ElfError::Machine(40)));
    }

    #[test]
    fn a_program_that_needs_a_loader_is_refused() {
        assert_eq!(architecture(&elf(62, 3)), Err(ElfError::Dynamic));
    }

    #[test]
    fn what_is_cut_off_or_no_program_is_refused_wherever_it_ends() {
        let whole = elf(62, 1);
        for length in 0..68 {
            assert_eq!(architecture(&whole[..length]), Err(ElfError::NotAProgram), "{length} bytes");
        }
        assert_eq!(architecture(b"#!/bin/sh\nexec true\n"), Err(ElfError::NotAProgram));
        for (offset, value) in [(0, 0), (4, 1), (5, 2), (16, 1), (39, 0xff), (56, 0)] {
            let mut wrong = whole.clone();
            wrong[offset] = value;
            assert_eq!(architecture(&wrong), Err(ElfError::NotAProgram), "byte {offset}");
        }
    }
}
