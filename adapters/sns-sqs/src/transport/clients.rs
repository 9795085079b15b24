//! The clients of the services, as the configuration makes them.

use std::fmt;

use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use wingman_core::driver::settings::wrong;
use wingman_core::{Error, Kind, Result};

use crate::config::Config;

/// The native clients, for what the contract does not cover. They try nothing again by themselves.
#[derive(Clone)]
pub struct Clients {
    /// Of topics.
    pub sns: aws_sdk_sns::Client,
    /// Of queues.
    pub sqs: aws_sdk_sqs::Client,
    pub(super) sts: aws_sdk_sts::Client,
    region: String,
}

impl Clients {
    /// # Errors
    /// `Configuration` if neither configuration nor surroundings name a region.
    pub(super) async fn new(config: &Config) -> Result<Self> {
        let shared = load(config).await?;
        let region = shared.region().map(Region::to_string).ok_or_else(|| {
            let why =
                "no region is named: sns-sqs://eu-central-1, or AWS_REGION, or a profile with one";
            wrong(why).with("key", "region")
        })?;
        Ok(Self {
            sns: aws_sdk_sns::Client::new(&shared),
            sqs: aws_sdk_sqs::Client::new(&shared),
            sts: aws_sdk_sts::Client::new(&shared),
            region,
        })
    }

    pub(crate) fn region(&self) -> &str {
        &self.region
    }
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clients").field("region", &self.region).finish_non_exhaustive()
    }
}

async fn load(config: &Config) -> Result<SdkConfig> {
    let name = AppName::new("wingman").map_err(|error| {
        Error::new(Kind::Internal, "the client refuses our name").because(error)
    })?;
    let times = TimeoutConfig::builder()
        .connect_timeout(config.connect_time())
        .operation_attempt_timeout(config.reply_time())
        .build();
    // Trying again is the bus's; each attempt is bound as a whole.
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .app_name(name)
        .retry_config(RetryConfig::disabled())
        .timeout_config(times)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    if let Some(region) = &config.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(endpoint) = &config.endpoint {
        loader = loader.endpoint_url(endpoint);
    }
    if let Some(profile) = &config.profile {
        loader = loader.profile_name(profile);
    }
    if let (Some(key), Some(secret)) = (&config.access_key, &config.secret_key) {
        let token = config.session_token.as_ref().map(|token| token.expose().to_owned());
        let credentials = Credentials::new(key, secret.expose(), token, None, "wingman");
        loader = loader.credentials_provider(credentials);
    }
    Ok(loader.load().await)
}
