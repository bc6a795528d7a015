//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use demos::index::options::{Cpu, Options};
use lexopt::{Arg, ValueExt};

pub(crate) const HELP: &str = "\
Hashes every file below a folder (SHA-256) and tells what lies there.

usage: index [DIR] [options]

  DIR                      the folder; default: the one it is started in
  --db FILE                keep path, size and hash in this SQLite file (table `files`);
                           default: in memory
  --limit N                read so many files at once; default: 16
  --cpu rayon|threads      whose threads hash: rayon's global pool, or own ones, one for each
                           processor; default: threads
  --file-timeout DURATION  give a file up if it takes longer than this for each 16 MiB of it;
                           default: 10s
  --grace DURATION         after Ctrl-C, wait so long for files that are begun; default: 5s
  -q, --quiet              no bar, no greeting
  -h, --help               this text

A DURATION is written like 250ms, 10s or 2m. Symbolic links are not followed: what they lead to
is counted where it lies. Sockets and devices are passed over.

exit status: 0 all read; 1 some files could not be read; 2 it could not run; 130 interrupted
";

/// What the command line asks for.
pub(crate) enum Wish {
    Run(Args),
    Help,
}

pub(crate) struct Args {
    pub(crate) options: Options,
    pub(crate) quiet: bool,
}

pub(crate) fn parse() -> Result<Wish, lexopt::Error> {
    let mut parser = lexopt::Parser::from_env();
    let (mut folder, mut quiet) = (None, false);
    let mut options = Options::new(PathBuf::from("."));
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Wish::Help),
            Arg::Short('q') | Arg::Long("quiet") => quiet = true,
            Arg::Long("db") => options.database = Some(parser.value()?.into()),
            Arg::Long("limit") => options.limit = parser.value()?.parse::<NonZeroUsize>()?,
            Arg::Long("cpu") => options.cpu = parser.value()?.parse::<Cpu>()?,
            Arg::Long("file-timeout") => options.file_timeout = duration(&mut parser)?,
            Arg::Long("grace") => options.grace = duration(&mut parser)?,
            Arg::Value(value) if folder.is_none() => folder = Some(PathBuf::from(value)),
            other => return Err(other.unexpected()),
        }
    }
    if let Some(folder) = folder {
        options.folder = folder;
    }
    Ok(Wish::Run(Args { options, quiet }))
}

fn duration(parser: &mut lexopt::Parser) -> Result<Duration, lexopt::Error> {
    parser.value()?.parse_with(humantime::parse_duration)
}
