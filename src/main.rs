//! The program: hands over to [`scimulator::cli`] and turns what it says into the exit code of the process.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    scimulator::cli::main().into()
}
