//! Putting sidecars into pods, as Istio's webhook does (istio/istio:pkg/kube/inject).

mod admission;
mod decide;
mod metadata;
mod template;

pub use admission::Injector;

pub(super) use template::PROXY;
