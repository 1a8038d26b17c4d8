"""Errors that a user can mend. Each message names the place and says what to do; the command prints it as one line."""

from __future__ import annotations


class JinggaoError(Exception):
    """Base of every error that is the input's or the caller's, not the program's.

    status: the exit status that the command gives it, 2 (wrong use) unless a subclass says otherwise.
    """

    status = 2


class RulesError(JinggaoError, ValueError):
    """A rule file that cannot be used: names the file, the rule, what is wrong and the mend."""


class PageError(JinggaoError, ValueError):
    """A raw page that cannot be read as text (binary, unreadable): the page is reported and the others go on."""

    status = 1


class OutputError(JinggaoError):
    """An output folder that cannot be written, or that does not hold what this program wrote."""
