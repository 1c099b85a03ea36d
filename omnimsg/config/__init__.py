"""Load a configuration: build the adapter and the policy of each account."""

from omnimsg.config.loading import load_config
from omnimsg.config.model import Config
from omnimsg.config.plugins import load_adapter, provider_names, providers_with

__all__ = ["Config", "load_adapter", "load_config", "provider_names", "providers_with"]
