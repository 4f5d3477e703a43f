"""Words in a project's sources and tests that tell which settings it may feel at all."""

from __future__ import annotations

from engine.faults.facts import Facts

NON_ASCII = "non-ascii"
"""Not a word: the file has characters beyond ASCII."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TOPICS: dict[str, frozenset[str]] = {
    "time": _words("fromtimestamp localtime mktime today now astimezone ctime tzset tzlocal get_localzone"),
    "text": _words(NON_ASCII),
    "locale": _words("setlocale getlocale locale nl_langinfo localeconv getdefaultlocale"),
    "docstrings": _words("__doc__ getdoc docstring help CliRunner doctest AssertionError"),
    "width": _words("get_terminal_size ArgumentParser CliRunner COLUMNS Console textwrap"),
    "colour": _words("isatty colorama FORCE_COLOR Console style secho termcolor ansi runpytest"),
    "home": _words("expanduser home HOME get_app_dir user_config_dir user_data_dir getuser"),
    "accounts": _words("getpwnam getpwuid getpwall getgrnam getgrgid owner"),
    "modes": _words("umask st_mode S_IMODE chmod copymode copystat filemode"),
    "scratch": _words("gettempdir mkdtemp mkstemp NamedTemporaryFile TemporaryDirectory TMPDIR"),
    "/tmp": _words("/tmp"),
    "paths": _words("realpath resolve getcwd samefile chdir cwd"),
    "tls": _words(
        "ssl SSLContext create_default_context wrap_socket HTTPSConnection certifi start_tls "
        "load_verify_locations trustme"
    ),
    "http": _words("urlopen HTTPConnection requests httpx aiohttp urllib3 HTTPServer ClientSession"),
    "digests": _words("hashlib hmac md5 sha1 sha256 cryptography SSLContext pbkdf2_hmac"),
    "types": _words("mimetypes guess_type guess_extension"),
}

WORDS = frozenset().union(*TOPICS.values())


def noticed(facts: Facts, *topics: str) -> bool:
    """Whether the project or its tests deal with one of the topics."""
    return any(facts.image.clues.get(word) for topic in topics for word in TOPICS[topic])
