//! `tallystick`: see `tallystick --help`.

fn main() -> std::process::ExitCode {
    tallystick::cli::main()
}
