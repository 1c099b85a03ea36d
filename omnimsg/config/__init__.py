"""Load a configuration from TOML or URLs: build the adapter and the policy of each account."""

from omnimsg.config.account_urls import load_url, url_from_environment
from omnimsg.config.loading import load_config
from omnimsg.config.model import Config
from omnimsg.config.plugins import load_adapter, provider_names, providers_with
from omnimsg.config.toml_file import path_from_environment

__all__ = [
    "Config",
    "load_adapter",
    "load_config",
    "load_url",
    "path_from_environment",
    "provider_names",
    "providers_with",
    "url_from_environment",
]
