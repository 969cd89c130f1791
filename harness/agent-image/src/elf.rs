//! What a Linux binary says of itself: its architecture, and whether it runs in an empty image. Shared with the build script.

/// Why a binary cannot be the only file of an image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ElfError {
    /// It is no program for a 64-bit little-endian Linux, or it is cut off.
    #[error("it is no 64-bit little-endian ELF program")]
    NotAProgram,
    /// It is for a machine that no image is made for.
    #[error("it is for the machine {0} (e_machine), and images are made for amd64, arm64, ppc64le and riscv64")]
    Machine(u16),
    /// It needs a loader and libraries that an empty image does not have.
    #[error("it is linked dynamically, and an image with nothing else in it has no loader")]
    Dynamic,
}

/// Tells the architecture of a static Linux binary, as image configurations spell it (`amd64`).
///
/// # Errors
/// When it is anything else: no ELF, another machine, or dynamically linked (it has a `PT_INTERP` header; see elf(5)).
pub fn architecture(binary: &[u8]) -> Result<&'static str, ElfError> {
    const EXECUTABLE: u64 = 2;
    const POSITION_INDEPENDENT: u64 = 3;
    let kind = number(binary, 16, 2)?;
    let magic = binary.starts_with(b"\x7fELF\x02\x01");
    if !magic || (kind != EXECUTABLE && kind != POSITION_INDEPENDENT) {
        return Err(ElfError::NotAProgram);
    }
    let machine = u16::try_from(number(binary, 18, 2)?).map_err(|_| ElfError::NotAProgram)?;
    let architecture = match machine {
        62 => "amd64",
        183 => "arm64",
        21 => "ppc64le",
        243 => "riscv64",
        other => return Err(ElfError::Machine(other)),
    };
    if has_interpreter(binary)? { Err(ElfError::Dynamic) } else { Ok(architecture) }
}

fn has_interpreter(binary: &[u8]) -> Result<bool, ElfError> {
    const PT_INTERP: u64 = 3;
    let (start, size, count) = (number(binary, 32, 8)?, number(binary, 54, 2)?, number(binary, 56, 2)?);
    for index in 0..count {
        let offset =
            size.checked_mul(index).and_then(|offset| offset.checked_add(start)).ok_or(ElfError::NotAProgram)?;
        if number(binary, offset, 4)? == PT_INTERP {
            return Ok(true);
        }
    }
    // A program without a single header is no program that runs.
    if count == 0 { Err(ElfError::NotAProgram) } else { Ok(false) }
}

/// Reads a little-endian number of up to eight bytes.
fn number(binary: &[u8], offset: u64, length: usize) -> Result<u64, ElfError> {
    let start = usize::try_from(offset).map_err(|_| ElfError::NotAProgram)?;
    let end = start.checked_add(length).ok_or(ElfError::NotAProgram)?;
    let bytes = binary.get(start..end).ok_or(ElfError::NotAProgram)?;
    Ok(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}
