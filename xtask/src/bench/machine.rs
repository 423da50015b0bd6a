//! What the machine is and what processes use of it.

use anyhow::{Context, Result};
use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

/// Processor, memory, kernel and compiler, in a line.
pub fn description() -> String {
    let field = |file: &str, name: &str| -> Option<String> {
        let text = fs::read_to_string(file).ok()?;
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let cpu = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".into());
    let memory = field("/proc/meminfo", "MemTotal")
        .and_then(|text| text.split(' ').next()?.parse::<f64>().ok())
        .map_or_else(String::new, |kib| {
            format!(", {:.0} GB memory", kib / 1024.0 / 1024.0)
        });
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let rustc = said(Command::new("rustc").arg("--version")).unwrap_or_default();
    let rustc: Vec<&str> = rustc.split(' ').take(2).collect();
    format!(
        "{cpu}, {cores} cores{memory}, Linux {}, {}",
        kernel.trim(),
        rustc.join(" ")
    )
}

/// How many processes wanted a processor on average during the last minute: what others do disturbs a measurement.
pub fn load_average() -> Result<f64> {
    let text = fs::read_to_string("/proc/loadavg")?;
    let first = text.split(' ').next().unwrap_or_default();
    first.parse().context("an unknown format of /proc/loadavg")
}

/// What a command prints, if it succeeds.
pub fn said(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The median time of appending a page to a file and flushing it.
pub fn flush_time(folder: &Path) -> Result<Duration> {
    let path = folder.join("flush");
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .context("cannot write to the disk")?;
    let mut times = Vec::new();
    for _ in 0..300 {
        let begun = Instant::now();
        file.write_all(&[1; 4096])?;
        file.sync_data()?;
        times.push(begun.elapsed());
    }
    fs::remove_file(path)?;
    Ok(super::median(&mut times))
}

/// The processor time that a process has used, children that it has waited for excluded.
pub fn cpu_time(pid: u32) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).context("the process is gone")?;
    let (_, ticks) = parse_stat(&stat).context("an unknown format of /proc/PID/stat")?;
    let ticks_per_second = rustix::param::clock_ticks_per_second();
    Ok(Duration::from_secs(ticks) / u32::try_from(ticks_per_second).unwrap_or(100))
}

/// The processor time of the children of a process that run now, and its own.
pub fn cpu_time_with_children(pid: u32) -> Result<Duration> {
    let mut time = cpu_time(pid)?;
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some(child) = entry.file_name().to_str().and_then(|s| s.parse().ok()) else {
            continue;
        };
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        if parse_stat(&stat).is_some_and(|(parent, _)| parent == pid) {
            time += cpu_time(child).unwrap_or_default();
        }
    }
    Ok(time)
}

/// Parent, and processor time in ticks.
fn parse_stat(stat: &str) -> Option<(u32, u64)> {
    // The name stands in parentheses and may contain anything.
    let (_, after_name) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let user: u64 = fields.get(11)?.parse().ok()?;
    let system: u64 = fields.get(12)?.parse().ok()?;
    Some((fields.get(1)?.parse().ok()?, user + system))
}

/// Resident memory of a process in bytes: now, and at its highest.
pub fn memory(pid: u32) -> Result<(u64, u64)> {
    let status =
        fs::read_to_string(format!("/proc/{pid}/status")).context("the process is gone")?;
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kib * 1024)
    };
    field("VmRSS:")
        .zip(field("VmHWM:"))
        .context("an unknown format of /proc/PID/status")
}
