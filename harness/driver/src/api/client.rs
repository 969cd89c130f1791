//! Connecting.

use std::path::Path;

use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::rt::TokioExecutor;
use kube::Client;
use kube::client::ConfigExt;
use kube::client::retry::RetryPolicy;
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use tower::retry::RetryLayer;
use tower::{BoxError, ServiceBuilder};

use super::ApiError;
use crate::context::RunContext;

/// Makes a client for one context of one kubeconfig file. Nothing is asked of the server yet.
///
/// `context` is the context's name; `None` takes the file's current one.
///
/// # Errors
/// When the file cannot be read, or does not have the context. A server that is down is no error here.
pub async fn client(path: &Path, context: Option<&str>) -> Result<Client, ApiError> {
    install_crypto();
    let unreadable = |source| ApiError::Kubeconfig { path: path.to_owned(), source };
    let kubeconfig = Kubeconfig::read_from(path).map_err(unreadable)?;
    if let Some(wanted) = context
        && !kubeconfig.contexts.iter().any(|known| known.name == wanted)
    {
        return Err(ApiError::UnknownContext {
            path: path.to_owned(),
            context: wanted.to_owned(),
            known: kubeconfig.contexts.into_iter().map(|known| known.name).collect(),
        });
    }
    let options = KubeConfigOptions { context: context.map(str::to_owned), ..KubeConfigOptions::default() };
    let config = Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(unreadable)?;
    connect(config).map_err(|error| ApiError::Request {
        what: format!("use the kubeconfig {}", path.display()),
        source: error.into(),
    })
}

/// Lets one request happen: inside its deadline and while the run goes on.
pub(crate) async fn request<T>(
    context: &RunContext,
    what: &str,
    future: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, ApiError> {
    let limit = dualproof_model::plan::Timeouts::of(context.timeouts.request);
    tokio::select! {
        biased;
        () = context.cancel.cancelled() => Err(ApiError::Cancelled { what: what.to_owned() }),
        result = tokio::time::timeout(limit, future) => match result {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(ApiError::Request { what: what.to_owned(), source: error.into() }),
            Err(_) => Err(ApiError::Deadline { what: what.to_owned(), limit }),
        }
    }
}

/// Makes kube's own stack over connections that send at once.
///
/// kube leaves Nagle's algorithm on: the body of a request that follows closely on another waits some 40 ms for the server's delayed
/// acknowledgement of its head (`ci/bench/README.md`). A proxy in the kubeconfig is left to kube, which refuses it in words of its own.
fn connect(config: Config) -> Result<Client, kube::Error> {
    if config.proxy_url.is_some() {
        return Client::try_from(config);
    }
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(config.connect_timeout);
    // A server without TLS, as an embedded cluster's, needs none of the machine's root certificates, which take milliseconds to read.
    match config.cluster_url.scheme_str() {
        Some("http") => over(&config, tcp),
        _ => over(&config, config.rustls_https_connector_with_connector(tcp)?),
    }
}

fn over<C>(config: &Config, connector: C) -> Result<Client, kube::Error>
where
    C: Connect + Clone + Send + Sync + 'static,
{
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.default_retry.then(|| RetryLayer::new(RetryPolicy::server_retry())))
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(BoxError::from)
        .service(hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build(connector));
    Ok(Client::new(service, config.default_namespace.clone()))
}

/// Chooses rustls's crypto provider once for the process; a second call, or another's choice before, changes nothing.
fn install_crypto() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}
