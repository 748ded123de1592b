//! Compiling for WebAssembly: with the toolchain's own target where it has one, otherwise with a distribution's compiler,
//! which then builds the standard library from source.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::front::Front;

const TARGET: &str = "wasm32-unknown-unknown";
/// Debian's `rustc-web` and, for the standard library's source, `rust-web-src`.
const SYSTEM_COMPILER: &str = "/usr/bin/rustc";
/// Debian's `lld`.
const SYSTEM_LINKER: &str = "/usr/bin/wasm-ld";

/// How front ends are compiled here.
pub struct Compiler {
    project: PathBuf,
    target_folder: PathBuf,
    dev: bool,
    /// `None`: the toolchain has the target itself.
    fallback: Option<Fallback>,
}

/// A compiler that must build the standard library, and the linker for it.
struct Fallback {
    linker: PathBuf,
}

impl Compiler {
    /// Looks at what is installed.
    pub fn new(project: PathBuf, dev: bool) -> Result<Self> {
        let target_folder =
            env::var_os("CARGO_TARGET_DIR").map_or_else(|| project.join("target"), PathBuf::from);
        let fallback = if has_target(&project)? {
            None
        } else {
            Some(Fallback {
                linker: linker(&project)?,
            })
        };
        Ok(Self {
            project,
            target_folder,
            dev,
            fallback,
        })
    }

    /// Cargo's target folder.
    pub fn target_folder(&self) -> &Path {
        &self.target_folder
    }

    /// Compiles a front end; the program's path.
    pub fn compile(&self, front: &Front) -> Result<PathBuf> {
        let profile = if self.dev { "wasm-dev" } else { "wasm" };
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command
            .current_dir(&self.project)
            .args([
                "build",
                "--locked",
                "--target",
                TARGET,
                "--profile",
                profile,
                "-p",
                &front.package(),
            ])
            .env("CARGO_TARGET_DIR", &self.target_folder)
            .env_remove("RUSTFLAGS")
            .env("CARGO_ENCODED_RUSTFLAGS", self.flags());
        if self.dev && !front.dev_features.is_empty() {
            command.args(["--features", &front.dev_features.join(",")]);
        }
        if let Some(fallback) = &self.fallback {
            command
                .arg("-Zbuild-std=std,panic_abort")
                .env("RUSTC", SYSTEM_COMPILER)
                .env("RUSTC_BOOTSTRAP", "1")
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", &fallback.linker);
        }
        let status = command.status().context("cargo could not be started")?;
        ensure!(
            status.success(),
            "{} does not compile for {TARGET}",
            front.package()
        );
        Ok(self
            .target_folder
            .join(TARGET)
            .join(profile)
            .join(format!("{}.wasm", front.package())))
    }

    /// Panic messages name source files; a page for everybody should not tell where its builder keeps them.
    fn flags(&self) -> OsString {
        let mut flags = vec![
            OsString::from("--cfg=getrandom_backend=\"wasm_js\""),
            // Views without their exact types: a tenth smaller, and much quicker to compile.
            OsString::from("--cfg=erase_components"),
        ];
        let cargo_home = env::var_os("CARGO_HOME")
            .map(PathBuf::from)
            .or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")));
        for (folder, name) in [
            (cargo_home.as_deref(), "cargo"),
            (Some(self.project.as_path()), "carillon"),
        ] {
            let Some(folder) = folder else { continue };
            let mut flag = OsString::from("--remap-path-prefix=");
            flag.push(folder);
            flag.push("=");
            flag.push(name);
            flags.push(flag);
        }
        flags.join(std::ffi::OsStr::new("\u{1f}"))
    }
}

/// Whether the project's own toolchain has the target's standard library.
fn has_target(project: &Path) -> Result<bool> {
    let libraries = rustc(project, &["--print", "target-libdir", "--target", TARGET])?;
    Ok(Path::new(&libraries).is_dir())
}

/// The linker of the project's toolchain, or the distribution's.
fn linker(project: &Path) -> Result<PathBuf> {
    let libraries = rustc(project, &["--print", "target-libdir"])?;
    let own = Path::new(&libraries).with_file_name("bin").join("rust-lld");
    let linker = [own, PathBuf::from(SYSTEM_LINKER)]
        .into_iter()
        .find(|linker| linker.exists());
    let Some(linker) = linker.filter(|_| Path::new(SYSTEM_COMPILER).exists()) else {
        bail!(
            "this toolchain cannot compile for {TARGET}: run `rustup target add {TARGET}`, or install rustc-web, \
             rust-web-src and lld"
        );
    };
    Ok(linker)
}

fn rustc(project: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new("rustc")
        .current_dir(project)
        .args(arguments)
        .output()
        .context("rustc could not be started")?;
    ensure!(
        output.status.success(),
        "rustc {arguments:?} failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
