"""Rules: how each operator carries phases, one file a family."""

from symconv.network.rules.base import Link, NoRule, Rule, Shape, Site, Window
from symconv.network.rules.registry import rule_of, without_rule

__all__ = ["Link", "NoRule", "Rule", "Shape", "Site", "Window", "rule_of", "without_rule"]
