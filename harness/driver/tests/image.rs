//! The agent's image: read back by other means than those that made it, and archives that are not as they should be.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Read;
use std::path::{Path, PathBuf};

use dualproof_agent_image::BINARY;
use dualproof_driver::image::{AgentImage, ENTRYPOINT, Image, ImageError, read};
use dualproof_driver::trouble::{Explained, Trouble};
use dualproof_model::evidence::FailureKind;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

type Checked = Result<(), Box<dyn Error>>;

/// A static program of another machine, so that tests do not all hang on the built-in one.
fn other_binary() -> Vec<u8> {
    let mut bytes = vec![0; 64 + 56];
    for (offset, value) in [(4, 2), (5, 1), (16, 2), (18, 183), (32, 64), (54, 56), (56, 1), (64, 1)] {
        bytes[offset] = value;
    }
    bytes[..4].copy_from_slice(b"\x7fELF");
    bytes
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A member of a tar: its path, header and bytes.
struct Member {
    path: String,
    header: tar::Header,
    bytes: Vec<u8>,
}

fn members(archive: &[u8]) -> Result<Vec<Member>, Box<dyn Error>> {
    let mut members = Vec::new();
    for entry in tar::Archive::new(archive).entries()? {
        let mut entry = entry?;
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        let path = String::from_utf8(entry.path_bytes().into_owned())?;
        members.push(Member { path, header: entry.header().clone(), bytes });
    }
    Ok(members)
}

/// The files of an archive by path.
fn files(archive: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, Box<dyn Error>> {
    Ok(members(archive)?
        .into_iter()
        .filter(|member| member.header.entry_type().is_file())
        .map(|member| (member.path, member.bytes))
        .collect())
}

/// Takes the blob that a descriptor points to, and holds it to the digest and size there.
fn blob<'a>(files: &'a BTreeMap<String, Vec<u8>>, descriptor: &Value) -> Result<&'a [u8], Box<dyn Error>> {
    let digest = descriptor["digest"].as_str().and_then(|text| text.strip_prefix("sha256:")).ok_or("no digest")?;
    let bytes = files.get(&format!("blobs/sha256/{digest}")).ok_or("no such blob")?;
    assert_eq!(sha256(bytes), digest);
    assert_eq!(descriptor["size"].as_u64(), Some(bytes.len() as u64));
    Ok(bytes)
}

#[test]
fn the_same_binary_gives_the_same_bytes_and_another_gives_others() -> Checked {
    let folder = tempfile::tempdir()?;
    let mut archives = Vec::new();
    for (name, seconds) in [("one", 1), ("two", 1_000_000_000)] {
        // Neither when nor where the binary was made may show.
        let path = folder.path().join(name);
        std::fs::write(&path, BINARY)?;
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        std::fs::File::options().write(true).open(&path)?.set_modified(time)?;
        archives.push(Image::assemble(&std::fs::read(&path)?)?);
    }
    assert_eq!(archives[0], archives[1]);
    assert_eq!(archives[0], Image::built_in()?);
    let other = Image::assemble(&other_binary())?;
    assert_ne!(archives[0].identity().reference, other.identity().reference);
    assert_ne!(archives[0].identity().config, other.identity().config);
    Ok(())
}

#[test]
fn an_image_has_the_digest_that_it_always_had() -> Checked {
    // A crate that writes other bytes, or a field in another order, makes another image of the same binary: then clusters and
    // registries hold images that are no longer recognised, and this must be meant.
    let identity = Image::assemble(&other_binary())?.identity().clone();
    assert_eq!(
        identity.config.as_deref(),
        Some("sha256:4cabdece09c313f2e54dd358222a879e9df45e1564c3bc51da872326435dcf18")
    );
    assert_eq!(identity.manifests, ["sha256:82ccdbec1fbfcff7906f2e55fd6e8562fb6724ab5134f30aae577be74eccc5b0"]);
    Ok(())
}

#[test]
fn every_digest_in_the_layout_is_that_of_its_bytes() -> Checked {
    let image = Image::built_in()?;
    let files = files(image.archive())?;
    assert_eq!(serde_json::from_slice::<Value>(&files["oci-layout"])?, json!({"imageLayoutVersion": "1.0.0"}));
    let index: Value = serde_json::from_slice(&files["index.json"])?;
    let [named] = index["manifests"].as_array().map(Vec::as_slice).ok_or("no manifests")? else {
        return Err("one manifest is expected".into());
    };
    let reference = format!("dualproof.dev/agent:{}", &sha256(BINARY)[..12]);
    for key in ["io.containerd.image.name", "org.opencontainers.image.ref.name"] {
        assert_eq!(named["annotations"][key], reference.as_str());
    }
    let manifest: Value = serde_json::from_slice(blob(&files, named)?)?;
    let config: Value = serde_json::from_slice(blob(&files, &manifest["config"])?)?;
    let layer = blob(&files, &manifest["layers"][0])?;
    assert_eq!(config["rootfs"]["diff_ids"], json!([format!("sha256:{}", sha256(layer))]));
    assert_eq!(config["architecture"], named["platform"]["architecture"]);
    assert_eq!((config["os"].as_str(), config["created"].as_str()), (Some("linux"), Some("1970-01-01T00:00:00Z")));
    assert_eq!(config["config"]["Entrypoint"], json!([ENTRYPOINT]));
    assert_eq!(config["config"]["User"], "65532:65532");
    assert_eq!(config["config"]["Labels"]["dev.dualproof.agent.binary"], format!("sha256:{}", sha256(BINARY)));

    let identity = image.identity();
    assert_eq!(identity.reference, reference);
    assert_eq!(identity.config.as_deref(), manifest["config"]["digest"].as_str());
    assert_eq!(identity.manifests, [named["digest"].as_str().unwrap_or_default()]);
    // Nothing lies in it that nothing points to.
    assert_eq!(files.len(), 6, "{:?}", files.keys());
    Ok(())
}

#[test]
fn the_layer_is_the_binary_of_root_and_no_time() -> Checked {
    let archive = files(Image::built_in()?.archive())?;
    let layer = archive.values().find(|bytes| bytes.len() > BINARY.len()).ok_or("no layer")?;
    let [member] = &members(layer)?[..] else { return Err("one file is expected".into()) };
    assert_eq!(format!("/{}", member.path), ENTRYPOINT);
    assert!(member.bytes == BINARY, "the binary is another");
    assert_eq!(member.header.mode()?, 0o755);
    assert_eq!((member.header.uid()?, member.header.gid()?, member.header.mtime()?), (0, 0, 0));
    Ok(())
}

#[test]
fn the_archive_is_sorted_and_knows_nothing_of_the_machine() -> Checked {
    let members = members(Image::built_in()?.archive())?;
    let paths: Vec<&str> = members.iter().map(|member| member.path.as_str()).collect();
    assert!(paths.is_sorted(), "{paths:?}");
    for member in &members {
        let header = &member.header;
        assert_eq!((header.uid()?, header.gid()?, header.mtime()?), (0, 0, 0), "{}", member.path);
        assert_eq!((header.username()?, header.groupname()?), (Some(""), Some("")), "{}", member.path);
    }
    Ok(())
}

#[test]
fn dockers_manifest_names_the_same_configuration_and_layer() -> Checked {
    let image = Image::built_in()?;
    let files = files(image.archive())?;
    let docker: Value = serde_json::from_slice(&files["manifest.json"])?;
    let [entry] = docker.as_array().map(Vec::as_slice).ok_or("no list")? else { return Err("one image".into()) };
    assert_eq!(entry["RepoTags"], json!([image.identity().reference]));
    let config = entry["Config"].as_str().ok_or("no configuration")?;
    assert_eq!(Some(format!("sha256:{}", sha256(&files[config]))), image.identity().config);
    let config: Value = serde_json::from_slice(&files[config])?;
    let layer = entry["Layers"][0].as_str().ok_or("no layer")?;
    assert_eq!(config["rootfs"]["diff_ids"][0], format!("sha256:{}", sha256(&files[layer])));
    Ok(())
}

#[test]
fn what_would_not_run_alone_is_refused() {
    for wrong in [&b"#!/bin/sh\n"[..], b"", &other_binary()[..40]] {
        let trouble = Image::assemble(wrong).map_err(Trouble::from).err();
        let trouble = trouble.unwrap_or_else(|| panic!("{} bytes were taken", wrong.len()));
        assert!(trouble.what.contains("ELF"), "{}", trouble.what);
        assert!(trouble.hint.contains("DUALPROOF_AGENT_BINARY"), "{}", trouble.hint);
    }
}

/// Packs files into a tar in a folder.
fn packed(folder: &Path, files: &BTreeMap<String, Vec<u8>>) -> Result<PathBuf, Box<dyn Error>> {
    let path = folder.join("given.tar");
    let mut tar = tar::Builder::new(std::fs::File::create(&path)?);
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        tar.append_data(&mut header, format!("./{name}"), bytes.as_slice())?;
    }
    tar.into_inner()?;
    Ok(path)
}

#[test]
fn an_archive_that_was_written_is_read_with_the_same_name_and_digests() -> Checked {
    let folder = tempfile::tempdir()?;
    let image = Image::built_in()?;
    let path = folder.path().join("agent.tar");
    image.write(&path, false)?;
    assert_eq!(&read(&path)?, image.identity());
    let chosen = AgentImage::choose(path.to_str())?;
    assert_eq!(chosen.identity(), image.identity());
    assert_eq!(chosen.archive(folder.path())?.as_deref(), Some(path.as_path()));

    let built_in = AgentImage::choose(None)?;
    assert_eq!(built_in, AgentImage::BuiltIn(image.clone()));
    let written = built_in.archive(&folder.path().join("."))?.ok_or("nothing was written")?;
    assert_eq!(std::fs::read(written)?, image.archive());
    Ok(())
}

/// Puts an index as a blob and a descriptor of it into the outermost index, as `docker buildx` does, beside an attestation.
fn nested(files: &mut BTreeMap<String, Vec<u8>>) -> Result<String, Box<dyn Error>> {
    let mut inner: Value = serde_json::from_slice(&files["index.json"])?;
    let image = inner["manifests"][0].clone();
    let annotations = image["annotations"].clone();
    inner["manifests"][0]["annotations"] = json!({});
    let attestation = json!({"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": image["digest"], "size": 1,
        "platform": {"architecture": "unknown", "os": "unknown"}});
    inner["manifests"].as_array_mut().ok_or("no manifests")?.push(attestation);
    let bytes = serde_json::to_vec(&inner)?;
    let digest = sha256(&bytes);
    let outer = json!({"schemaVersion": 2, "manifests": [{"mediaType": "application/vnd.oci.image.index.v1+json",
        "digest": format!("sha256:{digest}"), "size": bytes.len(), "annotations": annotations}]});
    files.insert("index.json".to_owned(), serde_json::to_vec(&outer)?);
    files.insert(format!("blobs/sha256/{digest}"), bytes);
    Ok(format!("sha256:{digest}"))
}

#[test]
fn an_index_in_the_index_is_followed_and_its_digest_is_known() -> Checked {
    let folder = tempfile::tempdir()?;
    let image = Image::built_in()?;
    let mut files = files(image.archive())?;
    let index = nested(&mut files)?;
    let identity = read(&packed(folder.path(), &files)?)?;
    assert_eq!(identity.reference, image.identity().reference);
    assert_eq!(identity.manifests, [image.identity().manifests[0].clone(), index]);
    Ok(())
}

#[test]
fn archives_that_are_not_as_they_should_be_are_refused_with_what_is_wrong() -> Checked {
    let folder = tempfile::tempdir()?;
    let whole = files(Image::built_in()?.archive())?;
    let layer = whole.iter().find(|(_, bytes)| bytes.len() > BINARY.len()).map(|(path, _)| path.clone());
    let layer = layer.ok_or("no layer")?;
    let index = String::from_utf8(whole["index.json"].clone())?;
    let with = |name: &str, bytes: &[u8]| {
        let mut files = whole.clone();
        files.insert(name.to_owned(), bytes.to_vec());
        files
    };
    let without = |name: &str| {
        let mut files = whole.clone();
        files.remove(name);
        files
    };
    let mut twice: Value = serde_json::from_str(&index)?;
    let image = twice["manifests"][0].clone();
    twice["manifests"].as_array_mut().ok_or("no manifests")?.push(image);
    for (files, words) in [
        (without("index.json"), "index.json is not in it"),
        (without(&layer), "is not in it"),
        (with(&layer, b"another"), "the file is damaged"),
        (with("index.json", b"{"), "index.json: EOF"),
        (with("index.json", br#"{"schemaVersion": 2, "manifests": []}"#), "it holds 0 images"),
        (with("index.json", &serde_json::to_vec(&twice)?), "it holds 2 images"),
        (with("index.json", index.replace("dualproof.dev/agent:", "").as_bytes()), "no full name"),
        (with("index.json", index.replace("sha256:", "md5:").as_bytes()), "is no digest"),
        (with("index.json", &vec![b' '; (4 << 20) + 1]), "is bigger than"),
    ] {
        let error = read(&packed(folder.path(), &files)?).err().ok_or(words)?;
        assert!(error.to_string().contains(words), "{words}: {error}");
        assert_eq!(error.kind(), FailureKind::BadInput);
        assert!(error.hint().contains("dualproof image export"), "{}", error.hint());
    }
    Ok(())
}

#[test]
fn a_file_that_is_no_archive_or_cut_off_is_refused() -> Checked {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("given.tar");
    let image = Image::built_in()?;
    for bytes in [&b"no tar at all, though long enough to be read as a header"[..], &image.archive()[..200_000]] {
        std::fs::write(&path, bytes)?;
        let error = read(&path).err().ok_or("it was taken")?;
        assert!(error.to_string().contains("no whole tar archive"), "{error}");
    }
    let error = read(folder.path()).err().ok_or("a folder was taken")?;
    assert!(Trouble::from(error).what.contains("is a directory"));
    Ok(())
}

#[test]
fn a_file_is_written_whole_or_not_at_all() -> Checked {
    let folder = tempfile::tempdir()?;
    let image = Image::assemble(&other_binary())?;
    let path = folder.path().join("agent.tar");
    std::fs::write(&path, "somebody's")?;
    assert!(matches!(image.write(&path, false), Err(ImageError::Exists { .. })));
    assert_eq!(std::fs::read(&path)?, b"somebody's");
    image.write(&path, true)?;
    assert_eq!(std::fs::read(&path)?, image.archive());
    assert!(matches!(image.write(folder.path(), true), Err(ImageError::NotAFile { .. })));
    assert!(matches!(image.write(Path::new("/dev/null"), true), Err(ImageError::NotAFile { .. })));
    assert!(matches!(image.write(&folder.path().join("absent/x.tar"), false), Err(ImageError::Write { .. })));
    assert_eq!(std::fs::read_dir(folder.path())?.count(), 1, "no draft stays");
    Ok(())
}
