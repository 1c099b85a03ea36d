"""Several accounts at work: which one a message goes through, and which one is next."""

from omnimsg.routing.route import Match, Route, RouteLimits, Strategy

__all__ = ["Match", "Route", "RouteLimits", "Strategy"]
