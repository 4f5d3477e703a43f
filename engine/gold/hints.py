"""What a complaint of a test run asks for: import names, fixtures, options and marks to distributions."""

from __future__ import annotations

from collections.abc import Mapping

from engine.gold.requirements import Requirement, normalise, parse

DISTRIBUTIONS = {
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "crypto": "pycryptodome",
    "cryptodome": "pycryptodomex",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "dns": "dnspython",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "factory": "factory-boy",
    "fitz": "pymupdf",
    "flask_cors": "flask-cors",
    "git": "gitpython",
    "google.protobuf": "protobuf",
    "jose": "python-jose",
    "jwt": "pyjwt",
    "ldap": "python-ldap",
    "magic": "python-magic",
    "memcache": "python-memcached",
    "mysqldb": "mysqlclient",
    "nacl": "pynacl",
    "openssl": "pyopenssl",
    "pil": "pillow",
    "pkg_resources": "setuptools<81",
    "psycopg2": "psycopg2-binary",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "slugify": "python-slugify",
    "usb": "pyusb",
    "yaml": "pyyaml",
    "xdist": "pytest-xdist",
    "zmq": "pyzmq",
    "zope.interface": "zope-interface",
    "hamcrest": "pyhamcrest",
    "pytest_lazyfixture": "pytest-lazy-fixture",
    "vcr": "vcrpy",
}
"""Import name, lower case -> distribution, where the two differ."""

_SAME_TEXT = """
aiohttp anyio asgiref asynctest attrs babel bcrypt beartype blinker brotli cachetools certifi cffi chardet
charset_normalizer click cloudpickle colorama coverage cryptography cssselect cython ddt dill django docutils
exceptiongroup execnet faker fastapi flaky flask freezegun gevent greenlet h11 h2 html5lib httpbin httpcore
httpx hypothesis idna importlib_metadata importlib_resources iniconfig itsdangerous jinja2 jmespath joblib
jsonschema lxml mako markdown markupsafe marshmallow matplotlib mistune mock more_itertools moto msgpack
multidict natsort networkx nose numpy orjson packaging pandas parameterized pendulum pexpect platformdirs
pluggy polars portend psutil psycopg pyarrow pydantic pyfakefs pygments pyparsing pytest_aiohttp
pytest_asyncio pytest_benchmark pytest_cov pytest_django pytest_httpbin pytest_httpserver pytest_mock
pytest_subtests pytest_timeout pytest_trio pytz redis regex requests requests_mock responses rich schema
scipy setuptools simplejson six sniffio sortedcontainers sqlalchemy starlette sympy syrupy tabulate tblib
tenacity termcolor testfixtures testtools text_unidecode toml tomli tomli_w toolz tornado tqdm trio trustme
twisted typeguard typing_extensions tzdata tzlocal ujson unidecode urllib3 uvicorn uvloop wcwidth werkzeug
wheel wrapt xmltodict yarl zipp zstandard
"""
SAME = frozenset(_SAME_TEXT.split())
"""Import names that are the distribution's too. Only well-known ones: a name that nobody vouches for may be
anybody's on the index, and is not installed unless the project asks for it."""

FIXTURES = {
    "aiohttp_client": "pytest-aiohttp",
    "aiohttp_server": "pytest-aiohttp",
    "aioresponses": "aioresponses",
    "anyio_backend": "anyio",
    "assert_num_queries": "pytest-django",
    "benchmark": "pytest-benchmark",
    "class_mocker": "pytest-mock",
    "data_regression": "pytest-regressions",
    "datadir": "pytest-datadir",
    "db": "pytest-django",
    "django_db_setup": "pytest-django",
    "event_loop": "pytest-asyncio",
    "faker": "faker",
    "file_regression": "pytest-regressions",
    "freezer": "pytest-freezer",
    "fs": "pyfakefs",
    "httpbin": "pytest-httpbin",
    "httpserver": "pytest-httpserver",
    "httpx_mock": "pytest-httpx",
    "lazy_shared_datadir": "pytest-datadir",
    "mocker": "pytest-mock",
    "module_mocker": "pytest-mock",
    "num_regression": "pytest-regressions",
    "original_datadir": "pytest-datadir",
    "requests_mock": "requests-mock",
    "respx_mock": "respx",
    "script_runner": "pytest-console-scripts",
    "session_mocker": "pytest-mock",
    "shared_datadir": "pytest-datadir",
    "snapshot": "syrupy",
    "socket_enabled": "pytest-socket",
    "subtests": "pytest-subtests",
    "time_machine": "time-machine",
    "unused_tcp_port": "pytest-asyncio",
    "vcr": "pytest-recording",
    "xprocess": "pytest-xprocess",
}
"""Fixture -> the plugin that brings it."""

OPTIONS = {
    "--cov": "pytest-cov",
    "--no-cov": "pytest-cov",
    "-n": "pytest-xdist",
    "--numprocesses": "pytest-xdist",
    "--dist": "pytest-xdist",
    "--maxprocesses": "pytest-xdist",
    "--timeout": "pytest-timeout",
    "--asyncio": "pytest-asyncio",
    "--benchmark": "pytest-benchmark",
    "--reruns": "pytest-rerunfailures",
    "--only-rerun": "pytest-rerunfailures",
    "--randomly": "pytest-randomly",
    "--random-order": "pytest-random-order",
    "--disable-socket": "pytest-socket",
    "--allow-hosts": "pytest-socket",
    "--allow-unix-socket": "pytest-socket",
    "--doctest-plus": "pytest-doctestplus",
    "--doctest-rst": "pytest-doctestplus",
    "--ds": "pytest-django",
    "--reuse-db": "pytest-django",
    "--nomigrations": "pytest-django",
    "--no-migrations": "pytest-django",
    "--mypy": "pytest-mypy",
    "--flake8": "pytest-flake8",
    "--black": "pytest-black",
    "--ruff": "pytest-ruff",
    "--html": "pytest-html",
    "--self-contained-html": "pytest-html",
    "--record-mode": "pytest-recording",
    "--block-network": "pytest-recording",
    "--snapshot": "syrupy",
    "--hypothesis": "hypothesis",
    "--instafail": "pytest-instafail",
    "--alluredir": "allure-pytest",
    "--order": "pytest-order",
    "--picked": "pytest-picked",
    "--nbval": "nbval",
    "--mpl": "pytest-mpl",
    "--forked": "pytest-forked",
    "--boxed": "pytest-forked",
    "--typeguard-packages": "typeguard",
    "--beartype-packages": "pytest-beartype",
    "--arraydiff": "pytest-arraydiff",
    "--isort": "pytest-isort",
    "--pycodestyle": "pytest-pycodestyle",
    "--pydocstyle": "pytest-pydocstyle",
    "--pylint": "pytest-pylint",
    "--xprocess": "pytest-xprocess",
    "--sugar": "pytest-sugar",
    "--memray": "pytest-memray",
    "--test-group": "pytest-test-groups",
    "--split": "pytest-split",
}
"""Option, or what longer ones begin with before a `-` -> the plugin that knows it."""

SETTINGS = {
    "anyio_mode": "anyio",
    "asyncio_mode": "pytest-asyncio",
    "asyncio_default_fixture_loop_scope": "pytest-asyncio",
    "asyncio_default_test_loop_scope": "pytest-asyncio",
    "DJANGO_SETTINGS_MODULE": "pytest-django",
    "django_find_project": "pytest-django",
    "doctest_plus": "pytest-doctestplus",
    "env": "pytest-env",
    "env_files": "pytest-dotenv",
    "faulthandler_exit_on_timeout": "",
    "mock_use_standalone_module": "pytest-mock",
    "qt_api": "pytest-qt",
    "timeout": "pytest-timeout",
    "timeout_method": "pytest-timeout",
    "timeout_func_only": "pytest-timeout",
    "trio_mode": "pytest-trio",
    "xfail_tb": "",
}
"""Setting of pytest -> the plugin that reads it."""

MARKS = {
    "anyio": "anyio",
    "asyncio": "pytest-asyncio",
    "benchmark": "pytest-benchmark",
    "dependency": "pytest-dependency",
    "disable_socket": "pytest-socket",
    "django_db": "pytest-django",
    "enable_socket": "pytest-socket",
    "flaky": "pytest-rerunfailures",
    "forked": "pytest-forked",
    "freeze_time": "pytest-freezer",
    "httpx_mock": "pytest-httpx",
    "order": "pytest-order",
    "respx": "respx",
    "run": "pytest-ordering",
    "script_launch_mode": "pytest-console-scripts",
    "time_machine": "time-machine",
    "timeout": "pytest-timeout",
    "trio": "pytest-trio",
    "vcr": "pytest-recording",
    "xdist_group": "pytest-xdist",
}
"""Mark -> the plugin that registers it, for suites with strict marks."""

LIBRARIES = {
    "libGL.so.1": "libgl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgomp.so.1": "libgomp1",
    "libmagic.so.1": "libmagic1",
    "libpq.so.5": "libpq5",
    "libxml2.so.2": "libxml2",
    "libxslt.so.1": "libxslt1.1",
    "libyaml-0.so.2": "libyaml-0-2",
}
"""Shared library -> the package of the distribution that has it."""

PROGRAMS = {
    r"(?:command|execute) '(?:\S*-)?(?:gcc|cc)'(?: failed)?: No such|"
    r"No such file or directory: '(?:\S*[/-])?(?:gcc|cc)'|\b(?:gcc|cc): (?:command )?not found|"
    r"\b(?:gcc|C compiler) (?:is |was )?(?:not (?:installed|found|available)|required|needed|missing)|"
    r"\b[Nn]o (?:working )?C compiler|Python\.h: No such": ("gcc", "libc6-dev", "python3-dev"),
    r"No module named '?_?tkinter\b": ("python3-tk",),
    r"No module named '?_gdbm\b": ("python3-gdbm",),
}
"""What tests say that use a program or a part of Python that is not there -> the packages that have it."""

_LINTERS_TEXT = """
autopep8 bandit black build bump2version bumpversion check-manifest codecov codespell commitizen
coveralls djlint flake8 furo gh-release hatch interrogate ipdb ipython isort jupyter jupyterlab mkdocs
mkdocs-material mypy myst-parser notebook nox numpydoc pdbpp pip-tools poetry pre-commit prek
pycodestyle pydocstyle pyflakes pylint pyright pyroma pyupgrade readme-renderer ruff safety semgrep
setuptools-scm sphinx sphinx-autobuild sphinx-rtd-theme tox tox-uv towncrier twine ty uv vulture yapf
zest-releaser
"""
_ONLOOKERS = frozenset({"coverage", "pytest-checkdocs", "pytest-cov", "pytest-enabler"})
LINTERS = frozenset(_LINTERS_TEXT.split())
"""What lists for development hold beside the tests' needs; left out of those, unless a test imports it."""


_HEAVY_TEXT = """
cupy jax jaxlib keras mxnet onnxruntime paddlepaddle pyspark ray tensorflow torch torchvision vllm
"""
HEAVY = frozenset(_HEAVY_TEXT.split())
"""What is too large to be had for the sake of features that a project can do without."""


def linter(name: str) -> bool:
    """Whether a distribution looks at code, builds documents or stubs types: tests do not need it."""
    return name.startswith("types-") or name in LINTERS or name.removeprefix("pytest-") in LINTERS


def looks_on(requirement: Requirement) -> bool:
    """Whether a requirement checks or measures what tests do, and no test needs it."""
    return linter(requirement.name) or requirement.name in _ONLOOKERS


def distribution(module: str) -> str:
    """The well-known distribution of an import name, empty when none is vouched for."""
    parts = module.lower().split(".")
    for length in range(len(parts), 0, -1):
        if found := DISTRIBUTIONS.get(".".join(parts[:length])):
            return found
    return parts[0].replace("_", "-") if parts[0] in SAME else ""


def candidates(module: str) -> tuple[str, ...]:
    """Names, normalised, under which a stated requirement could bring the module."""
    parts = module.split(".")
    top = parts[0]
    hinted = distribution(module).partition("<")[0]
    # Packages of one namespace come from many distributions: `ruamel.yaml`, `google.cloud.storage`.
    dotted = ["-".join(parts[:length]) for length in range(len(parts), 1, -1)]
    names = [hinted, *dotted, top, top.replace("_", "-"), f"python-{top}", f"py{top}", f"{top}-python"]
    return tuple(dict.fromkeys(normalise(name) for name in names if name))


def stated(module: str, known: Mapping[str, Requirement]) -> Requirement | None:
    """The project's own requirement that brings the module, below the bound that is known for it.

    A newer release of what the project states may not have the module any more (`pkg_resources`).
    """
    match = next((known[name] for name in candidates(module) if name in known), None)
    hinted = parse(distribution(module))
    if match is None or hinted is None or hinted.name != match.name or not hinted.specifier:
        return match
    return match.within(hinted.specifier)


def option_plugin(option: str) -> str:
    """The plugin that knows a command-line option (`--cov-report=xml`, `-n4`), empty when none is known."""
    name = option.partition("=")[0]
    if not name.startswith("--"):
        return OPTIONS.get(name[:2], "")
    while name.strip("-"):
        if name in OPTIONS:
            return OPTIONS[name]
        name = name.rpartition("-")[0]
    return ""
