//! `dualproof image export`.

use std::path::Path;

use dualproof_driver::image::{Identity, Image, ImageError};
use dualproof_driver::trouble::Explained;

use crate::output::{Console, Exit};

/// Writes the archive, prints the image's name and digests, and says what to do with it.
pub(super) fn command(file: &Path, force: bool, console: &Console) -> Exit {
    match exported(file, force) {
        Ok(identity) => {
            console.data(&text(&identity));
            console.note(&advice(file, &identity.reference));
            Exit::Conforms
        }
        Err(error) => {
            console.error(&error, &error.hint());
            Exit::BadInput
        }
    }
}

fn exported(file: &Path, force: bool) -> Result<Identity, ImageError> {
    let image = Image::built_in()?;
    image.write(file, force)?;
    Ok(image.identity().clone())
}

fn text(identity: &Identity) -> String {
    let config = identity.config.iter().map(|digest| format!("config {digest}\n"));
    let manifests = identity.manifests.iter().map(|digest| format!("manifest {digest}\n"));
    format!("image {}\n{}{}", identity.reference, config.collect::<String>(), manifests.collect::<String>())
}

fn advice(file: &Path, reference: &str) -> String {
    let file = file.display();
    let tag = reference.rsplit_once(':').map_or("", |(_, tag)| tag);
    let there = format!("REGISTRY/dualproof/agent:{tag}");
    format!(
        "push it as it is:  skopeo copy --preserve-digests oci-archive:{file} docker://{there}\n\
         or through docker: docker load --input {file} && docker tag {reference} {there} && docker push {there}\n\
         or with crane:     crane push {file} {there}\n\
         then run with:     --agent-image {there}@DIGEST (docker and crane compress it, so take the digest that they print)"
    )
}
