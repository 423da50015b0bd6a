//! Tables in files: CSV and XLSX, within limits.

use super::cells::Cell;
use super::defuse;
use calamine::{DataRef, Reader as _, SheetType, SheetVisible, Xlsx};
use catalogue::openapi_v2::SheetProblem;
use std::io::{Cursor, Read};

/// Most rows beneath the header.
pub const MOST_ROWS: usize = 10_000;
/// Most columns.
pub const MOST_COLUMNS: usize = 500;
/// Most bytes that an archive may unpack to.
const MOST_UNPACKED: u64 = 64 * 1024 * 1024;
/// Most bytes that all cells may have together.
const MOST_TEXT: usize = 32 * 1024 * 1024;

/// A table: a header, and rows beneath it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    /// The titles of the columns.
    pub header: Vec<String>,
    /// The rows that are not blank, each with its number as a spreadsheet counts: the first row of all is 1.
    pub rows: Vec<(i64, Vec<Cell>)>,
}

/// What fills a table.
#[derive(Default)]
struct Filling {
    sheet: Option<Sheet>,
    text: usize,
}

impl Filling {
    /// Adds the next row; blank ones do not count.
    fn add(&mut self, number: i64, mut cells: Vec<Cell>) -> Result<(), SheetProblem> {
        let filled = cells.iter().rposition(|cell| !cell.is_blank());
        cells.truncate(filled.map_or(0, |last| last + 1));
        if cells.is_empty() {
            return Ok(());
        }
        if cells.len() > MOST_COLUMNS {
            let max = bound(MOST_COLUMNS);
            return Err(SheetProblem::TooManyColumns { max });
        }
        self.text += cells.iter().map(|cell| cell.text().len()).sum::<usize>();
        if self.text > MOST_TEXT {
            let limit = bound(MOST_TEXT);
            return Err(SheetProblem::TooMuch { limit });
        }
        let Some(sheet) = &mut self.sheet else {
            let header = cells.iter().map(|cell| cell.text().trim().to_owned());
            self.sheet = Some(Sheet {
                header: header.collect(),
                rows: Vec::new(),
            });
            return Ok(());
        };
        if sheet.rows.len() == MOST_ROWS {
            let max = bound(MOST_ROWS);
            return Err(SheetProblem::TooManyRows { max });
        }
        sheet.rows.push((number, cells));
        Ok(())
    }

    fn finish(self) -> Result<Sheet, SheetProblem> {
        let mut sheet = self.sheet.ok_or(SheetProblem::NoHeader)?;
        if sheet.rows.is_empty() {
            return Err(SheetProblem::NoRows);
        }
        sheet.name_columns();
        Ok(sheet)
    }
}

impl Sheet {
    /// Gives columns that have cells but no title the name that spreadsheets have for them.
    fn name_columns(&mut self) {
        let widest = self.rows.iter().map(|(_, cells)| cells.len()).max();
        let width = self.header.len().max(widest.unwrap_or_default());
        self.header.resize(width, String::new());
        for (index, title) in self.header.iter_mut().enumerate() {
            let mut column = self.rows.iter().filter_map(|(_, cells)| cells.get(index));
            if title.is_empty() && column.any(|cell| !cell.is_blank()) {
                *title = letters(index);
            }
        }
    }
}

/// A column's name in a spreadsheet: `A`, `Z`, `AA`.
fn letters(index: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = index + 1;
    while rest > 0 {
        rest -= 1;
        let letter = u8::try_from(rest % 26).unwrap_or_default();
        letters.push(char::from(b'A' + letter));
        rest /= 26;
    }
    letters.iter().rev().collect()
}

fn bound(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// Reads CSV in UTF-8, with commas, semicolons or tabs. What [`defuse`] did is undone.
pub fn csv(bytes: &[u8]) -> Result<Sheet, SheetProblem> {
    let text = std::str::from_utf8(bytes).map_err(|_| SheetProblem::Encoding)?;
    let text = text.trim_start_matches('\u{feff}');
    if text.contains('\0') {
        return Err(SheetProblem::Unreadable);
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(text))
        .from_reader(text.as_bytes());
    let mut filling = Filling::default();
    let mut record = csv::StringRecord::new();
    let mut number = 0;
    while reader
        .read_record(&mut record)
        .map_err(|_| SheetProblem::Unreadable)?
    {
        let start = record.position().map_or(0, csv::Position::byte);
        // The reader passes over blank lines, which spreadsheets count.
        number += 1 + blank_lines(text, usize::try_from(start).unwrap_or(usize::MAX));
        let filled = record.iter().enumerate();
        let filled = filled.filter(|(_, cell)| !cell.trim().is_empty());
        record.truncate(filled.last().map_or(0, |(last, _)| last + 1));
        let cells = record.iter().take(MOST_COLUMNS + 1);
        let cells = cells.map(|cell| Cell::Text(defuse::undo(cell).to_owned()));
        filling.add(number, cells.collect())?;
    }
    filling.finish()
}

/// How many lines that begin at `start` or right after it are blank.
fn blank_lines(text: &str, start: usize) -> i64 {
    let (read, rest) = text.split_at_checked(start).unwrap_or((text, ""));
    // A row that ends with both is read to between them.
    let mut rest = match rest.strip_prefix('\n') {
        Some(after) if read.ends_with('\r') => after,
        _ => rest,
    };
    let mut lines = 0;
    let ends = ["\r\n", "\n", "\r"];
    while let Some(next) = ends.iter().find_map(|end| rest.strip_prefix(end)) {
        lines += 1;
        rest = next;
    }
    lines
}

/// What separates cells: of the candidates, the one that the first line has most of outside of quotes.
fn delimiter(text: &str) -> u8 {
    let mut quoted = false;
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    for byte in text.trim_start().bytes() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted => break,
            byte if !quoted => {
                let found = counts.iter_mut().find(|(candidate, _)| *candidate == byte);
                if let Some((_, count)) = found {
                    *count += 1;
                }
            }
            _ => {}
        }
    }
    let most = counts.iter().rev().max_by_key(|(_, count)| *count);
    most.map_or(b',', |(delimiter, _)| *delimiter)
}

/// Reads the first visible sheet of an XLSX file.
pub fn xlsx(bytes: &[u8]) -> Result<Sheet, SheetProblem> {
    check_unpacked(bytes)?;
    let unreadable = |_| SheetProblem::Unreadable;
    let mut book = Xlsx::new(Cursor::new(bytes)).map_err(unreadable)?;
    let sheets = book.sheets_metadata().iter();
    let mut visible = sheets.filter(|sheet| {
        sheet.typ == SheetType::WorkSheet && sheet.visible == SheetVisible::Visible
    });
    let name = visible.next().map(|sheet| sheet.name.clone());
    let name = name.ok_or(SheetProblem::NoHeader)?;
    let mut reader = book.worksheet_cells_reader(&name).map_err(unreadable)?;
    let mut filling = Filling::default();
    let mut row: (u32, Vec<Cell>) = (0, Vec::new());
    while let Some(cell) = reader.next_cell().map_err(unreadable)? {
        let (at, column) = cell.get_position();
        let Some(value) = value(cell.get_value()) else {
            continue;
        };
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        if column >= MOST_COLUMNS {
            let max = bound(MOST_COLUMNS);
            return Err(SheetProblem::TooManyColumns { max });
        }
        if at < row.0 {
            return Err(SheetProblem::Unreadable);
        }
        if at > row.0 {
            let (number, cells) = std::mem::replace(&mut row, (at, Vec::new()));
            filling.add(i64::from(number) + 1, cells)?;
        }
        if row.1.len() <= column {
            row.1.resize(column + 1, Cell::Text(String::new()));
        }
        if let Some(place) = row.1.get_mut(column) {
            *place = value;
        }
    }
    filling.add(i64::from(row.0) + 1, row.1)?;
    filling.finish()
}

/// Unpacks everything once, into nothing: what the archive says of its sizes need not be true.
fn check_unpacked(bytes: &[u8]) -> Result<(), SheetProblem> {
    let mut archive =
        zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| SheetProblem::Unreadable)?;
    let mut left = MOST_UNPACKED;
    for index in 0..archive.len() {
        let entry = archive
            .by_index(index)
            .map_err(|_| SheetProblem::Unreadable)?;
        let unpacked = std::io::copy(&mut entry.take(left + 1), &mut std::io::sink());
        let unpacked = unpacked.map_err(|_| SheetProblem::Unreadable)?;
        left = left.checked_sub(unpacked).ok_or(SheetProblem::TooMuch {
            limit: i64::try_from(MOST_UNPACKED).unwrap_or(i64::MAX),
        })?;
    }
    Ok(())
}

/// A spreadsheet's value; `None`: nothing.
fn value(value: &DataRef<'_>) -> Option<Cell> {
    Some(match value {
        DataRef::Empty => return None,
        DataRef::Int(number) => Cell::Text(number.to_string()),
        DataRef::Float(number) => Cell::Text(number_text(*number)),
        DataRef::String(text) | DataRef::DurationIso(text) => Cell::Text(text.clone()),
        DataRef::SharedString(text) => Cell::Text((*text).to_owned()),
        DataRef::Bool(flag) => Cell::Text(if *flag { "TRUE" } else { "FALSE" }.to_owned()),
        DataRef::DateTime(at) => moment(at),
        DataRef::DateTimeIso(text) => {
            let spaced = text.replacen('T', " ", 1);
            match spaced.parse::<jiff::civil::DateTime>() {
                Ok(at) => Cell::Moment {
                    moment: at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
                },
                Err(_) => Cell::Text(text.clone()),
            }
        }
        DataRef::Error(error) => Cell::Text(error.to_string()),
    })
}

/// A number as spreadsheets show it: they know fifteen digits.
fn number_text(number: f64) -> String {
    let rounded: f64 = format!("{number:.14e}").parse().unwrap_or(number);
    rounded.to_string()
}

fn moment(at: &calamine::ExcelDateTime) -> Cell {
    let (year, month, day, hour, minute, second, milli) = at.to_ymd_hms_milli();
    let civil = || {
        let small = |part: u8| i8::try_from(part).ok();
        let year = i16::try_from(year).ok()?;
        let nanos = i32::from(milli).checked_mul(1_000_000)?;
        let exact = jiff::civil::DateTime::new(
            year,
            small(month)?,
            small(day)?,
            small(hour)?,
            small(minute)?,
            small(second)?,
            nanos,
        );
        exact.ok()?.round(jiff::Unit::Second).ok()
    };
    // Times of day are parts of the day before the first.
    let format = match at.as_f64() {
        day if !(0.0..1.0).contains(&day) && at.is_duration() => {
            return Cell::Text(number_text(day));
        }
        day if (0.0..1.0).contains(&day) => "%H:%M:%S",
        _ => "%Y-%m-%d %H:%M:%S",
    };
    match civil() {
        Some(civil) => Cell::Moment {
            moment: civil.strftime(format).to_string(),
        },
        None => Cell::Text(number_text(at.as_f64())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};

    fn texts(sheet: &Sheet) -> Vec<(i64, Vec<&str>)> {
        let rows = sheet.rows.iter();
        rows.map(|(number, cells)| (*number, cells.iter().map(Cell::text).collect()))
            .collect()
    }

    #[test]
    fn csv_rows_have_the_numbers_of_spreadsheets() {
        for end in ["\n", "\r\n"] {
            let text = ["\u{feff}", "a,b", "1,\"x", "y\"", "", ",", "", "2,'=1", "3"].join(end);
            let text = text.replacen(&format!("\u{feff}{end}"), "\u{feff}", 1);
            let sheet = csv(text.as_bytes()).unwrap();
            assert_eq!(sheet.header, ["a", "b"]);
            let quoted = format!("x{end}y");
            // A line end within a cell is part of its row.
            assert_eq!(
                texts(&sheet),
                [
                    (2, vec!["1", quoted.as_str()]),
                    (6, vec!["2", "=1"]),
                    (7, vec!["3"])
                ],
                "{end:?}"
            );
        }
        let semicolons = csv(b"a;\"b,c\";d\n1,5;2\n").unwrap();
        assert_eq!(semicolons.header, ["a", "b,c", "d"]);
        assert_eq!(texts(&semicolons), [(2, vec!["1,5", "2"])]);
        assert_eq!(csv(b"a\tb\n1\t2").unwrap().header, ["a", "b"]);
    }

    fn workbook(fill: impl FnOnce(&mut rust_xlsxwriter::Worksheet)) -> Vec<u8> {
        let mut book = Workbook::new();
        fill(book.add_worksheet());
        book.save_to_buffer().unwrap()
    }

    #[test]
    fn xlsx_cells_are_typed() {
        let bytes = workbook(|sheet| {
            let date = Format::new().set_num_format("yyyy-mm-dd");
            let time = Format::new().set_num_format("hh:mm");
            sheet.write(0, 0, "a").unwrap();
            sheet.write(0, 3, "b").unwrap();
            sheet.write(2, 0, 13_800_138_000_i64).unwrap();
            sheet.write(2, 1, 0.1 + 0.2).unwrap();
            sheet.write(2, 2, true).unwrap();
            let day = ExcelDateTime::from_ymd(2026, 6, 2).unwrap();
            sheet.write_with_format(2, 3, &day, &date).unwrap();
            let at = ExcelDateTime::from_hms(12, 30, 0).unwrap();
            sheet.write_with_format(4, 0, &at, &time).unwrap();
        });
        let sheet = xlsx(&bytes).unwrap();
        assert_eq!(sheet.header, ["a", "B", "C", "b"]);
        assert_eq!(
            texts(&sheet),
            [
                (3, vec!["13800138000", "0.3", "TRUE", "2026-06-02"]),
                (5, vec!["12:30:00"])
            ]
        );
    }

    #[test]
    fn what_is_too_much_or_nothing_is_refused() {
        let max = 500;
        assert_eq!(
            csv(",".repeat(1_000_000).as_bytes()),
            Err(SheetProblem::NoHeader)
        );
        assert_eq!(
            csv("a,".repeat(1_000_000).as_bytes()),
            Err(SheetProblem::TooManyColumns { max })
        );
        assert_eq!(csv(b"a\n\n,\n"), Err(SheetProblem::NoRows));
        assert_eq!(csv(b""), Err(SheetProblem::NoHeader));
        assert_eq!(csv(b"a\n\xff"), Err(SheetProblem::Encoding));
        assert_eq!(csv(b"a\n\0"), Err(SheetProblem::Unreadable));
        let rows = format!("a\n{}", "1\n".repeat(MOST_ROWS));
        assert_eq!(csv(rows.as_bytes()).unwrap().rows.len(), MOST_ROWS);
        assert_eq!(
            csv(format!("{rows}1\n").as_bytes()),
            Err(SheetProblem::TooManyRows { max: 10_000 })
        );
        let far = workbook(|sheet| {
            sheet.write(0, 0, "a").unwrap();
            sheet.write(1_048_575, 16_383, "z").unwrap();
        });
        assert_eq!(xlsx(&far), Err(SheetProblem::TooManyColumns { max }));
        let low = workbook(|sheet| {
            sheet.write(0, 0, "a").unwrap();
            sheet.write(1_048_575, 0, "z").unwrap();
        });
        assert_eq!(texts(&xlsx(&low).unwrap()), [(1_048_576, vec!["z"])]);
        assert_eq!(xlsx(&workbook(|_| {})), Err(SheetProblem::NoHeader));
        assert_eq!(
            xlsx(b"PK\x03\x04 xl/workbook.xml"),
            Err(SheetProblem::Unreadable)
        );
    }

    /// One string of 30 KB to which five thousand cells refer.
    #[test]
    fn a_string_that_is_referred_to_often_counts_each_time() {
        let long = "x".repeat(30_000);
        let bytes = workbook(|sheet| {
            for row in 0..5_000 {
                sheet.write(row, 0, &long).unwrap();
            }
        });
        assert!(bytes.len() < 1024 * 1024);
        let limit = 32 * 1024 * 1024;
        assert_eq!(xlsx(&bytes), Err(SheetProblem::TooMuch { limit }));
    }

    #[test]
    fn letters_of_columns() {
        let names = [0, 25, 26, 51, 52, 701, 702].map(letters);
        assert_eq!(names, ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]);
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in any::<Vec<u8>>(), text in "[a,;\"\r\n'=]{0,40}") {
            let _ = csv(&bytes);
            let _ = csv(text.as_bytes());
            let _ = xlsx(&bytes);
        }

        #[test]
        fn damaged_files_do_no_harm(at in 0_usize..6000, byte in any::<u8>()) {
            let mut bytes = workbook(|sheet| {
                sheet.write(0, 0, "a").unwrap();
                sheet.write(1, 0, "b").unwrap();
            });
            let at = at % bytes.len();
            bytes[at] = byte;
            let _ = xlsx(&bytes);
        }
    }
}
