//! From C sources to objects: the host's compiler, our headers, the machine's constants.
//!
//! The headers and the runtime are part of this library and are unpacked into a folder of their own for each run, with a
//! generated `kmem_machine.h` beside them. The sources are compiled one by one, as kbuild does, several at a time. A runtime
//! that was compiled before, by the same compiler for the same machine, is taken from the user's cache folder. Sources that
//! do not compile for the machine's own version of the API are tried for others: [`crate::api`].

use crate::api::{self, Api, Others};
use crate::checks::Checks;
use crate::fail::Failing;
use crate::object_cache::{self, ObjectCache};
use crate::{forms, machine_header};
use kmem::gfp::{GfpEncoding, GFP_2_6, GFP_6_1};
use kmem::Kernel;
use kmem_hosted::Hosted;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;
use std::{env, fs, thread};

/// The headers and the runtime, by their paths.
pub(crate) static FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/files.rs"));
/// The compiler's flags, one a line: all of them, and of 32-bit and 64-bit machines.
static FLAGS: &str = include_str!("../rt/FLAGS");
static FLAGS_I386: &str = include_str!("../rt/FLAGS.i386");
static FLAGS_X86_64: &str = include_str!("../rt/FLAGS.x86-64");
/// Those of one era, in a file of the workspace that the compiler reads.
const ERA_FLAGS: &str = "era.flags";
/// Since this kernel a plain char has no sign on any machine; before, it is as the architecture has it.
const UNSIGNED_SINCE: (u32, u32, u32) = (6, 2, 0);
/// The architectures, by a name of their configuration, whose plain char has a sign.
const SIGNED_ON: &[&str] = &["CONFIG_X86"];

/// Which API the sources use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Era {
    /// 2.6.8 to 2.6.18.
    Old,
    /// 6.1 and later.
    Modern,
}

impl Era {
    /// Tells by what only the old API has. A source that asks for the version serves both and is built as modern.
    pub fn of(source: &str) -> Self {
        let both = source.contains("LINUX_VERSION_CODE");
        if !both && (Self::has_old_words(source) || forms::old_call(source).is_some()) {
            Self::Old
        } else {
            Self::Modern
        }
    }
    fn has_old_words(source: &str) -> bool {
        const OLD_ONLY: &[&str] = &[
            "linux/config.h",
            "asm/semaphore.h",
            "kmem_cache_t",
            "SLAB_KERNEL",
            "SLAB_ATOMIC",
            "init_MUTEX",
            "DECLARE_MUTEX",
            "SPIN_LOCK_UNLOCKED",
            "MODULE_PARM(",
            "ioremap_nocache",
        ];
        OLD_ONLY.iter().any(|word| source.contains(word))
    }
    /// Says what told that a source is old, where it is no more than the form of a call.
    pub fn note(source: &str) -> Option<String> {
        let is_plain = Self::has_old_words(source) || Self::of(source) == Self::Modern;
        forms::old_call(source).filter(|_| !is_plain)
    }
    /// Returns its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Old => "2.6",
            Self::Modern => "modern",
        }
    }
    /// Returns the API's version on a machine: the machine's own if it is of this era, else the era's.
    pub fn version(self, machine: (u32, u32, u32)) -> (u32, u32, u32) {
        match self {
            Self::Old if machine > (2, 6, 18) => (2, 6, 18),
            Self::Modern if machine < (2, 6, 27) => (6, 1, 176),
            _ => machine,
        }
    }
    /// Returns how the C side writes GFP flags on a machine.
    pub fn gfp(self, kernel: &Kernel<Hosted>) -> &'static GfpEncoding {
        let machine = kernel.profile.version;
        match self {
            _ if self.version(machine) == machine => kernel.profile.gfp,
            Self::Old => &GFP_2_6,
            Self::Modern => &GFP_6_1,
        }
    }
}

/// Why sources did not become objects.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// A source that cannot be read.
    #[error("cannot read {path}: {error}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A source that is no C text.
    #[error("{path} is not C source: {why}", path = path.display())]
    NotC {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// No compiler.
    #[error(
        "no C compiler found ({tried}); install one: `apt-get install gcc` on Debian and Ubuntu, `dnf install gcc` on \
         Fedora, or name yours in CC"
    )]
    NoCompiler {
        /// What was tried.
        tried: String,
    },
    /// A compiler that cannot make i386 code.
    #[error(
        "{compiler} cannot compile for 32-bit x86 (-m32), which the machine {machine} needs; install gcc for x86-64"
    )]
    NoIlp32 {
        /// The compiler.
        compiler: String,
        /// The machine.
        machine: &'static str,
    },
    /// The compiler refused the source.
    #[error("{path} does not compile", path = path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// What the compiler printed.
        output: String,
    },
    /// The host.
    #[error("{what}: {error}")]
    Host {
        /// What was tried.
        what: String,
        /// Why it failed.
        error: io::Error,
    },
}

/// What to compile, and how.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The files.
    pub files: Vec<PathBuf>,
    /// The module that each file is a part of, where a Makefile says it; else a file is a module of its own name.
    pub modules: BTreeMap<PathBuf, String>,
    /// `-D` options.
    pub defines: Vec<String>,
    /// `-I` options, searched before our own headers.
    pub includes: Vec<PathBuf>,
    /// `-C CONFIG_X=y` options.
    pub configs: Vec<String>,
    /// Which checks are made.
    pub checks: Checks,
    /// Bytes of the modules' stack; `None`: as the kernel has it.
    pub stack_bytes: Option<u32>,
    /// Which allocations fail.
    pub fail: Failing,
    /// CPU time that one call into a module may take; `None`: any.
    pub timeout: Option<Duration>,
    /// Which lines run is to be known.
    pub coverage: bool,
    /// Which other versions of the API are tried when the sources do not compile.
    pub others: Others,
}

/// What came of the sources.
#[derive(Debug)]
pub struct Compiled {
    /// The version of the API that they were compiled for.
    pub api: Api,
    /// The runtime.
    pub runtime: Object,
    /// The modules.
    pub modules: Vec<Object>,
    /// Why it is not the version that was asked for: what does not compile for that one.
    pub note: Option<String>,
}

/// A compiled source.
#[derive(Clone, Debug)]
pub struct Object {
    /// The module's name: the file's base name, `-` turned to `_`.
    pub name: String,
    /// The source as it was given.
    pub source: PathBuf,
    /// The object file's bytes.
    pub bytes: Vec<u8>,
    /// What the compiler printed: warnings.
    pub warnings: String,
}

/// The folder of one run: headers, runtime, objects. Removed with the value unless it is to be kept.
#[derive(Debug)]
pub struct Workspace {
    folder: PathBuf,
    keep: bool,
    /// Another run has compiled: its objects are in the folder.
    is_ready: bool,
}

impl Workspace {
    /// Makes the folder and unpacks headers and runtime.
    ///
    /// # Errors
    /// What the host says.
    pub fn new(keep: bool) -> Result<Self, CompileError> {
        let host = |what: &str, error| CompileError::Host { what: what.to_owned(), error };
        let folder = (0..1000)
            .map(|n| env::temp_dir().join(format!("kmem-{}-{n}", std::process::id())))
            .find_map(|folder| match fs::create_dir(&folder) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => None,
                made => Some(made.map(|()| folder)),
            })
            .unwrap_or_else(|| Err(io::ErrorKind::AlreadyExists.into()))
            .map_err(|error| host("making a folder for the objects", error))?;
        let this = Self { folder, keep, is_ready: false };
        for (name, bytes) in FILES {
            let path = this.folder.join(name);
            let parent = path.parent().unwrap_or(&this.folder);
            fs::create_dir_all(parent)
                .and_then(|()| fs::write(&path, bytes))
                .map_err(|error| host(&format!("unpacking {name}"), error))?;
        }
        Ok(this)
    }
    /// Takes the folder of another run, which has compiled the same sources for the same machine and is still there.
    pub fn of_another(folder: PathBuf) -> Self {
        Self { folder, keep: true, is_ready: true }
    }
    /// Returns the folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
    /// Returns the folders whose code is ours.
    pub fn own_code(&self) -> Vec<PathBuf> {
        vec![self.folder.join("include"), self.folder.join("rt")]
    }

    /// Compiles the runtime and the sources; with a shadow (its offset), modules so that they look at it.
    ///
    /// # Errors
    /// The first thing that is wrong, sources in their order before the compiler.
    pub fn compile(
        &self,
        sources: &Sources,
        era: Era,
        kernel: &Kernel<Hosted>,
        shadow: Option<u64>,
    ) -> Result<Compiled, CompileError> {
        if self.is_ready {
            return self.ready(sources, shadow);
        }
        let (compiler, machine) = (Compiler::find()?, kernel.profile.name);
        let ram = kernel.plan().layout.low.bytes();
        let runtime = if ram < SMALL { "-Os" } else { "-O0" };
        let is_wide = kernel.profile.word_bytes == 8;
        let job = Job { compiler: &compiler, machine, is_wide, shadow, runtime };
        let own = Api::of(era, kernel.profile.version);
        let first = self.compile_for(&job, sources, own, kernel);
        let output = match &first {
            Ok(compiled) => compiled.modules.iter().map(|module| module.warnings.as_str()).collect(),
            Err(CompileError::Refused { output, .. }) => output.clone(),
            Err(_) => return first,
        };
        if !api::is_for_another(&output) || api::is_hopeless(&output) {
            return first;
        }
        let mut second = None;
        let mut fitting = None;
        for other in own.others(sources.others) {
            match self.fit(&job, sources, other, kernel)? {
                Fit::Whole => fitting = Some(other),
                Fit::WithWarnings => second = second.or(Some(other)),
                Fit::Not => (),
            }
            if fitting.is_some() {
                break;
            }
        }
        if let Some(other) = fitting.or(second.filter(|_| first.is_err())) {
            let complaint = api::first_complaint(&output);
            let note = format!("compiled for the API of Linux {other}; not for {own}: {complaint}");
            return Ok(Compiled { note: Some(note), ..self.compile_for(&job, sources, other, kernel)? });
        }
        self.prepare(own, sources, kernel)?;
        first
    }
    /// Writes what the headers must know of the machine and the version; returns it.
    fn prepare(&self, api: Api, sources: &Sources, kernel: &Kernel<Hosted>) -> Result<String, CompileError> {
        let header = machine_header::text(kernel, api, &sources.configs);
        fs::write(self.folder.join("include/kmem_machine.h"), &header)
            .map_err(|error| CompileError::Host { what: "writing kmem_machine.h".into(), error })?;
        fs::write(self.folder.join(ERA_FLAGS), char_flag(api.version, kernel.profile.configs))
            .map_err(|error| CompileError::Host { what: "writing the flags".into(), error })?;
        Ok(header)
    }
    fn compile_for(
        &self,
        job: &Job<'_>,
        sources: &Sources,
        api: Api,
        kernel: &Kernel<Hosted>,
    ) -> Result<Compiled, CompileError> {
        let header = self.prepare(api, sources, kernel)?;
        thread::scope(|scope| {
            let runtime = scope.spawn(|| self.runtime(job, &header));
            let jobs: Vec<_> = sources
                .files
                .iter()
                .enumerate()
                .map(|(index, file)| scope.spawn(move || self.module(job, file, sources, index + 1)))
                .collect();
            let died = |_| {
                let error = io::Error::other("a compile thread died");
                Err(CompileError::Host { what: "compiling".into(), error })
            };
            let modules = jobs.into_iter().map(|job| job.join().unwrap_or_else(died)).collect::<Result<Vec<_>, _>>()?;
            Ok(Compiled { api, runtime: runtime.join().unwrap_or_else(died)?, modules, note: None })
        })
    }
    /// Tells whether all sources are of this version, as far as a compiler sees it.
    fn fit(&self, job: &Job<'_>, sources: &Sources, api: Api, kernel: &Kernel<Hosted>) -> Result<Fit, CompileError> {
        self.prepare(api, sources, kernel)?;
        let mut fit = Fit::Whole;
        for (index, file) in sources.files.iter().enumerate() {
            let (done, output) = self.run_compiler(job, file, sources, &["-fsyntax-only".into()], index + 1)?;
            if !done {
                return Ok(Fit::Not);
            }
            if api::is_for_another(&output) {
                fit = Fit::WithWarnings;
            }
        }
        Ok(fit)
    }

    /// Leaves all objects in the folder, for other runs of the same modules on the same machine.
    ///
    /// # Errors
    /// What the host says.
    pub fn leave_ready(&self, runtime: &Object, api: Api, shadow: Option<u64>) -> Result<(), CompileError> {
        let put = |name: &str, bytes: &[u8]| {
            let path = self.folder.join(name);
            fs::write(&path, bytes)
                .map_err(|error| CompileError::Host { what: format!("writing {}", path.display()), error })
        };
        put("0.o", &runtime.bytes)?;
        let (major, minor, patch) = api.version;
        put(API, format!("{} {major} {minor} {patch}", api.era.name()).as_bytes())?;
        put(SHADOW, format!("{shadow:?}").as_bytes())
    }
    /// Reads the objects of [`Workspace::leave_ready`].
    fn ready(&self, sources: &Sources, shadow: Option<u64>) -> Result<Compiled, CompileError> {
        let get = |name: &str| {
            let path = self.folder.join(name);
            fs::read(&path).map_err(|error| CompileError::Host { what: format!("reading {}", path.display()), error })
        };
        if get(SHADOW)? != format!("{shadow:?}").as_bytes() {
            let error = io::Error::other("the shadow of memory lies elsewhere in this process");
            return Err(CompileError::Host { what: "taking what another run has compiled".into(), error });
        }
        let object = |index: usize, source: &Path| {
            let bytes = get(&format!("{index}.o"))?;
            Ok(Object { name: module_name(source, sources), source: source.to_owned(), bytes, warnings: String::new() })
        };
        let modules = sources.files.iter().enumerate().map(|(index, file)| object(index + 1, file));
        let modules = modules.collect::<Result<_, CompileError>>()?;
        let runtime = object(0, &self.folder.join("rt/kmem_rt.c"))?;
        Ok(Compiled { api: ready_api(&String::from_utf8_lossy(&get(API)?))?, runtime, modules, note: None })
    }

    /// Compiles the runtime, or finds it in the cache: no line of it is ever shown, and it is to be ready soon.
    fn runtime(&self, job: &Job<'_>, header: &str) -> Result<Object, CompileError> {
        let mut flags: Vec<OsString> =
            [job.runtime, "-g0", "-w", "-ffunction-sections", "-fdata-sections"].map(OsString::from).to_vec();
        if let Some(offset) = job.shadow {
            flags.extend(["-DKMEM_KASAN".into(), format!("-DKMEM_KASAN_OFFSET={offset:#x}UL").into()]);
        }
        let texts = FILES.iter().flat_map(|(name, bytes)| [name.as_bytes(), bytes]);
        let options = flags.iter().map(|flag| flag.as_encoded_bytes());
        let identity =
            [job.compiler.version.as_bytes(), FLAGS.as_bytes(), job.own_flags().as_bytes(), header.as_bytes()];
        let key = object_cache::key(identity.into_iter().chain(options).chain(texts));
        let (cache, source) = (ObjectCache::of_user(), self.folder.join("rt/kmem_rt.c"));
        if let Some(bytes) = cache.get(&key) {
            return Ok(Object { name: "kmem_rt".into(), source, bytes, warnings: String::new() });
        }
        // What it says of its own files does not depend on where they were unpacked.
        let mut map = OsString::from("-ffile-prefix-map=");
        map.push(self.folder.as_os_str());
        map.push("/=");
        flags.push(map);
        let object = self.compile_one(job, &source, &Sources::default(), &flags, 0)?;
        cache.put(&key, &object.bytes);
        Ok(object)
    }
    fn module(&self, job: &Job<'_>, file: &Path, options: &Sources, index: usize) -> Result<Object, CompileError> {
        let mut flags = job.shadow.map_or(Vec::new(), |offset| job.compiler.shadow_flags(offset, job.is_wide));
        if options.coverage {
            flags.extend(job.compiler.coverage_flags());
        }
        self.compile_one(job, file, options, &flags, index)
    }

    fn compile_one(
        &self,
        job: &Job<'_>,
        source: &Path,
        options: &Sources,
        flags: &[OsString],
        index: usize,
    ) -> Result<Object, CompileError> {
        let (done, output) = self.run_compiler(job, source, options, flags, index)?;
        if !done {
            if output.contains("mode not compiled in") || output.contains("option '-m32'") {
                let compiler = job.compiler.program.to_string_lossy().into_owned();
                return Err(CompileError::NoIlp32 { compiler, machine: job.machine });
            }
            return Err(CompileError::Refused { path: source.to_owned(), output });
        }
        let object = self.folder.join(format!("{index}.o"));
        let bytes = fs::read(&object)
            .map_err(|error| CompileError::Host { what: format!("reading {}", object.display()), error })?;
        Ok(Object { name: module_name(source, options), source: source.to_owned(), bytes, warnings: output })
    }
    /// Returns whether the compiler made what was asked for, and what it said.
    fn run_compiler(
        &self,
        job: &Job<'_>,
        source: &Path,
        options: &Sources,
        flags: &[OsString],
        index: usize,
    ) -> Result<(bool, String), CompileError> {
        let (name, base) = (module_name(source, options), base_name(source));
        let object = self.folder.join(format!("{index}.o"));
        let include = self.folder.join("include");
        let mut command = Command::new(&job.compiler.program);
        command.args(job.compiler.flags(FLAGS)).args(job.compiler.flags(job.own_flags()));
        command.args(flags);
        let mut era_flags = OsString::from("@");
        era_flags.push(self.folder.join(ERA_FLAGS));
        command.arg(era_flags);
        command.args(["-D__KERNEL__", "-DMODULE"]);
        command.arg(format!("-DKBUILD_MODNAME=\"{name}\"")).arg(format!("-DKBUILD_BASENAME=\"{base}\""));
        command.arg("-include").arg(include.join("kmem_machine.h"));
        for define in &options.defines {
            command.arg(format!("-D{define}"));
        }
        for folder in options.includes.iter().chain([&include]) {
            command.arg("-I").arg(folder);
        }
        if job.shows_jiffies(source) {
            command.arg("-DKMEM_JIFFIES_IS_A_MEMBER");
        }
        command.args(["-x", "c", "-c"]).arg(source).arg("-o").arg(&object);
        let Output { status, stderr, .. } =
            command.output().map_err(|error| CompileError::Host { what: "starting the compiler".into(), error })?;
        Ok((status.success(), String::from_utf8_lossy(&stderr).into_owned()))
    }
}

/// How sources fit a version of the API.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// In all.
    Whole,
    /// They compile, with functions of another form.
    WithWarnings,
    /// They do not compile.
    Not,
}

/// Says whether a plain char has a sign.
fn char_flag(version: (u32, u32, u32), configs: &[&str]) -> &'static str {
    if version < UNSIGNED_SINCE && configs.iter().any(|config| SIGNED_ON.contains(config)) {
        "-fsigned-char\n"
    } else {
        "-funsigned-char\n"
    }
}

/// What a folder says of the shadow that its objects are compiled for.
const SHADOW: &str = "shadow";
/// What it says of the API.
const API: &str = "api";

/// Reads what [`Workspace::leave_ready`] wrote of the API.
fn ready_api(text: &str) -> Result<Api, CompileError> {
    let words: Vec<&str> = text.split(' ').collect();
    let numbers: Vec<u32> = words.iter().skip(1).filter_map(|word| word.parse().ok()).collect();
    let era = [Era::Old, Era::Modern].into_iter().find(|era| words.first() == Some(&era.name()));
    match (era, &numbers[..]) {
        (Some(era), &[major, minor, patch]) => Ok(Api { era, version: (major, minor, patch) }),
        _ => {
            let error = io::Error::other(format!("{text:?} is no version of the API"));
            Err(CompileError::Host { what: "taking what another run has compiled".into(), error })
        }
    }
}

/// The module's name: what a Makefile says, else the file's own.
fn module_name(source: &Path, sources: &Sources) -> String {
    sources.modules.get(source).cloned().unwrap_or_else(|| base_name(source))
}
/// The file's base name, `-` turned to `_`.
fn base_name(source: &Path) -> String {
    let stem = source.file_stem().unwrap_or_default().to_string_lossy();
    stem.chars().map(|c| if c == '-' { '_' } else { c }).collect()
}

/// What all compilations of a run have in common.
struct Job<'a> {
    compiler: &'a Compiler,
    machine: &'static str,
    /// The machine's words have 64 bits.
    is_wide: bool,
    shadow: Option<u64>,
    /// How the runtime is compiled: to be ready soon, or to be small.
    runtime: &'static str,
}

impl Job<'_> {
    /// Returns the flags of the machine's words.
    fn own_flags(&self) -> &'static str {
        if self.is_wide {
            FLAGS_X86_64
        } else {
            FLAGS_I386
        }
    }
    /// True when a structure of the source has a member `jiffies`, or the source declares it: then the name cannot be a macro.
    fn shows_jiffies(&self, source: &Path) -> bool {
        let text = read_text(source).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let signs = ["->jiffies", ".jiffies", "unsigned long jiffies;", "volatile jiffies;"];
        signs.iter().any(|sign| text.contains(sign))
    }
}

/// Machines with less RAM have room for a small kernel only.
const SMALL: u64 = 16 << 20;

impl Drop for Workspace {
    fn drop(&mut self) {
        if !self.keep {
            // A folder in the temporary directory that cannot be removed is not worth a message.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// The largest source that is read: 16 MiB.
const LARGEST_TEXT: u64 = 16 << 20;

/// Reads a source. One that does not end, or is far too large, is refused before it fills the memory.
fn read_text(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(LARGEST_TEXT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST_TEXT {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "more than 16 MiB; is it text?"));
    }
    Ok(bytes)
}

/// Reads the sources and tells their era.
///
/// # Errors
/// A file that cannot be read or is no text.
pub fn read_sources(files: &[PathBuf]) -> Result<Era, CompileError> {
    let mut era = Era::Modern;
    for path in files {
        let bytes = read_text(path).map_err(|error| CompileError::Unreadable { path: path.clone(), error })?;
        if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
            return Err(CompileError::NotC {
                path: path.clone(),
                why: format!("byte {at} is 0; is it a binary file?"),
            });
        }
        if path.extension().is_some_and(|extension| extension == "drv") {
            return Err(CompileError::NotC { path: path.clone(), why: "a driver script goes behind `--`".into() });
        }
        if Era::of(&String::from_utf8_lossy(&bytes)) == Era::Old {
            era = Era::Old;
        }
    }
    Ok(era)
}

/// The host's C compiler.
struct Compiler {
    program: OsString,
    /// What it says of itself.
    version: String,
}

impl Compiler {
    /// Finds it: what CC names, else cc, gcc, clang.
    fn find() -> Result<Self, CompileError> {
        let named = env::var_os("CC").filter(|name| !name.is_empty());
        let candidates: Vec<OsString> = match named {
            Some(name) => vec![name],
            None => ["cc", "gcc", "clang"].map(OsString::from).to_vec(),
        };
        let found = candidates.iter().find_map(|program| {
            let output = Command::new(program).arg("--version").output().ok().filter(|out| out.status.success())?;
            let version = String::from_utf8_lossy(&output.stdout).into_owned();
            Some(Self { program: program.clone(), version })
        });
        found.ok_or_else(|| {
            let tried: Vec<_> = candidates.iter().map(|name| name.to_string_lossy()).collect();
            CompileError::NoCompiler { tried: format!("tried {}", tried.join(", ")) }
        })
    }
    /// gcc fills variables that are not set since version 12.
    fn fills_variables(&self) -> bool {
        let first = self.version.lines().next().unwrap_or_default();
        let number = first.rsplit(' ').find_map(|word| word.split('.').next()?.parse::<u32>().ok());
        !self.is_clang() && number.is_some_and(|major| major >= 12)
    }
    fn is_clang(&self) -> bool {
        self.version.contains("clang")
    }
    /// Returns the flags that make each block say that it ran, and keep lines of different blocks apart.
    fn coverage_flags(&self) -> Vec<OsString> {
        const APART: [&str; 7] = [
            "-fno-crossjumping",
            "-fno-tree-tail-merge",
            "-fno-code-hoisting",
            "-fno-tree-pre",
            "-fno-if-conversion",
            "-fno-if-conversion2",
            "-fno-schedule-insns2",
        ];
        let apart: &[&str] = if self.is_clang() { &[] } else { &APART };
        ["-fsanitize-coverage=trace-pc"].iter().chain(apart).map(OsString::from).collect()
    }
    /// Returns the flags of a list, as this compiler calls them.
    fn flags(&self, list: &'static str) -> impl Iterator<Item = &'static str> {
        let is_clang = self.is_clang();
        let flags = list.lines().map(str::trim).filter(|flag| !flag.is_empty() && !flag.starts_with('#'));
        let flags = flags.map(move |flag| match flag {
            "-mpreferred-stack-boundary=2" if is_clang => "-mstack-alignment=4",
            flag => flag,
        });
        // It has not all of gcc's warnings to turn off.
        flags.chain(is_clang.then_some("-Wno-unknown-warning-option"))
    }
    /// Returns the flags that make code look at a shadow: before each access in line, around the variables of functions and
    /// those outside of them, and for the blocks in which they live.
    fn shadow_flags(&self, offset: u64, is_wide: bool) -> Vec<OsString> {
        /// More accesses than a function has: beyond that the looks would be calls.
        const IN_LINE: &str = "asan-instrumentation-with-call-threshold=1000000";
        let mut flags = vec!["-fsanitize=kernel-address".to_owned()];
        if self.is_clang() {
            let offset = format!("asan-mapping-offset={offset:#x}");
            for option in [&offset, IN_LINE, "asan-stack=1", "asan-globals=1", "asan-use-after-scope=1"] {
                flags.extend(["-mllvm".to_owned(), format!("-{option}")]);
            }
        } else {
            flags.push("-fsanitize-address-use-after-scope".to_owned());
            flags.push(format!("-fasan-shadow-offset={offset:#x}"));
            if !is_wide {
                // A byte of shadow describes eight: so frames begin at a multiple of eight, whoever calls.
                flags.extend(["-mpreferred-stack-boundary=3", "-mincoming-stack-boundary=2"].map(str::to_owned));
            }
            if self.fills_variables() {
                // What they are filled with is looked for in all that is compared, printed and copied to processes.
                flags.extend(["-ftrivial-auto-var-init=pattern", "-fsanitize-coverage=trace-cmp"].map(str::to_owned));
            }
            let params = [IN_LINE, "asan-stack=1", "asan-globals=1", "asan-instrument-allocas=1"];
            flags.extend(params.into_iter().flat_map(|param| ["--param".to_owned(), param.to_owned()]));
        }
        flags.into_iter().map(OsString::from).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_char_has_a_sign_on_x86_before_6_2() {
        let (x86, arm) = (&["CONFIG_X86", "CONFIG_X86_32"][..], &["CONFIG_ARM"][..]);
        assert_eq!(char_flag((6, 1, 176), x86), "-fsigned-char\n");
        assert_eq!(char_flag((2, 6, 18), x86), "-fsigned-char\n");
        assert_eq!(char_flag((6, 12, 95), x86), "-funsigned-char\n");
        assert_eq!(char_flag((3, 4, 0), arm), "-funsigned-char\n");
    }
    #[test]
    fn the_era_shows_in_what_is_used() {
        assert_eq!(Era::of("static kmem_cache_t *c;"), Era::Old);
        assert_eq!(Era::of("#if LINUX_VERSION_CODE < KERNEL_VERSION(2,6,20)\nkmem_cache_t *c;"), Era::Modern);
        assert_eq!(Era::of("#include <linux/slab.h>"), Era::Modern);
    }
}
