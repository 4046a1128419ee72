//! The packages as `cargo metadata` shows them, for this machine's platform and without the network.

use std::{process::Command, sync::LazyLock};

use serde_json::Value;

use crate::source::ROOT;

pub static PACKAGES: LazyLock<Vec<Package>> = LazyLock::new(packages);

pub struct Package {
    pub name: String,
    /// The SPDX expression, if it states one.
    pub licence: Option<String>,
    pub dependencies: Vec<Dependency>,
    /// The folder of a member, relative to the root; absent for packages from elsewhere.
    pub folder: Option<String>,
}

pub struct Dependency {
    pub name: String,
    /// The name that code uses, when it is not the package's own.
    pub rename: Option<String>,
    pub is_dev: bool,
}

pub fn members() -> impl Iterator<Item = &'static Package> {
    PACKAGES.iter().filter(|package| package.folder.is_some())
}

/// Members whose folder is in `actors/`, apart from the two that packs stand on.
pub fn packs() -> impl Iterator<Item = &'static Package> {
    members().filter(|member| layer(&member.name) == Some(Layer::Pack))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    Runtime,
    Orchestra,
    Pack,
    Root,
}

/// Where a member stands; the migrations stand beside all of them.
pub fn layer(name: &str) -> Option<Layer> {
    let folder = members()
        .find(|member| member.name == name)?
        .folder
        .as_deref()?;
    match folder {
        "" => Some(Layer::Root),
        "actors/runtime" => Some(Layer::Runtime),
        "actors/orchestra" => Some(Layer::Orchestra),
        _ => folder.starts_with("actors/").then_some(Layer::Pack),
    }
}

pub fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(*ROOT)
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "cargo {}: {complaint}",
        arguments.join(" ")
    );
    String::from_utf8(output.stdout).unwrap()
}

fn packages() -> Vec<Package> {
    let version = cargo(&["-vV"]);
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .expect("cargo names its host");
    let flags = [
        "metadata",
        "--format-version",
        "1",
        "--locked",
        "--offline",
        "--filter-platform",
        host,
    ];
    let metadata: Value = serde_json::from_str(&cargo(&flags)).unwrap();
    let members = metadata["workspace_members"].as_array().unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .map(|package| read(package, members.contains(&package["id"])))
        .collect()
}

fn read(package: &Value, is_member: bool) -> Package {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let dependency = |value: &Value| Dependency {
        name: text(&value["name"]).unwrap(),
        rename: text(&value["rename"]),
        is_dev: value["kind"] == "dev",
    };
    let manifest = package["manifest_path"].as_str().unwrap();
    let folder = || {
        let inside = manifest
            .strip_prefix(ROOT.to_str()?)?
            .strip_suffix("Cargo.toml")?;
        Some(inside.replace('\\', "/").trim_matches('/').to_owned())
    };
    Package {
        name: text(&package["name"]).unwrap(),
        licence: text(&package["license"]),
        dependencies: package["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .map(dependency)
            .collect(),
        folder: is_member.then(|| folder().expect("members lie below the root")),
    }
}
