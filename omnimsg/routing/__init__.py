"""Routing: which account a message goes through, and which one is tried next."""

from omnimsg.routing.route import Match, Route, RouteLimits, Strategy

__all__ = ["Match", "Route", "RouteLimits", "Strategy"]
