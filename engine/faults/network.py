"""Name resolution, proxies, certificates and TLS settings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from engine.faults.clues import noticed
from engine.faults.facts import Facts
from engine.faults.model import Operator, Target
from engine.faults.settings import about, setting
from engine.faults.typed import sed, typed

FAMILY = "network"
_CONFIG = "/etc/ssl/openssl.cnf"


def _sockets(facts: Facts) -> frozenset[str]:
    return facts.tests_resolving


def _resolve(facts: Facts) -> Iterable[Target]:
    match = re.search(r"^hosts:\s*.*files.*$", facts.image.system.nsswitch, re.MULTILINE)
    if match and _sockets(facts):
        values = {"edit": sed(match[0], "hosts:          dns"), "back": sed("hosts:          dns", match[0])}
        yield Target("hosts", values, _sockets(facts))


def _bundle(facts: Facts) -> Iterable[Target]:
    path = "/etc/ssl/certs/ca-certificates.crt"
    if noticed(facts, "tls", "http") and path in facts.image.files:
        yield Target(path, {"path": path}, facts.tests_touching(path))


def _certifi(facts: Facts) -> Iterable[Target]:
    for path, dist in facts.owners.items():
        if dist.name == "certifi" and path.endswith("/cacert.pem") and facts.tests_importing("certifi"):
            values = {"path": path, "python": facts.image.python.executable,
                      "requirement": facts.requirement(dist)}  # fmt: skip
            yield Target("cacert.pem", values, facts.tests_touching(path))


def _openssl(facts: Facts) -> Iterator[Target]:
    if _CONFIG in facts.image.files and noticed(facts, "tls", "digests"):
        yield Target(_CONFIG, {"path": _CONFIG}, frozenset())


OPERATORS = (
    setting(
        FAMILY,
        "proxy",
        "export http_proxy=http://10.20.0.5:3128 https_proxy=http://10.20.0.5:3128",
        "export all_proxy=http://10.20.0.5:3128",
        what="proxy",
        summary="The office's proxy is set for every login, without an exception for this machine.",
        symptom="ProxyError, connections to localhost fail",
        tests=about("http"),
    ),
    setting(
        FAMILY,
        "key-log",
        "export SSLKEYLOGFILE=/var/log/ssl/keys.log",
        what="ssl-debug",
        summary="TLS keys were logged for a debugging session; the directory is gone, the setting is not.",
        symptom="FileNotFoundError when a TLS context is made",
        tests=about("tls", "http"),
    ),
    setting(
        FAMILY,
        "bundle-variable",
        "export SSL_CERT_FILE=/etc/ssl/certs/corporate.pem SSL_CERT_DIR=/etc/ssl/corporate",
        "export REQUESTS_CA_BUNDLE=/etc/ssl/certs/corporate.pem",
        what="certificates",
        summary="Programs are told to trust a corporate bundle of certificates that is not on this machine.",
        symptom="no certificates, or a missing bundle",
        tests=about("tls", "http"),
    ),
    Operator(
        id="network-resolver-order",
        family=FAMILY,
        summary="Host names are asked of DNS alone, so the machine no longer knows its own name.",
        find=_resolve,
        command=typed("sed -i {edit} /etc/nsswitch.conf"),
        recovery=typed("sed -i {back} /etc/nsswitch.conf"),
        look=typed("cat /etc/nsswitch.conf"),
        symptom="socket.gaierror for localhost",
    ),
    Operator(
        id="network-bundle-cut",
        family=FAMILY,
        summary="The bundle of certificate authorities was being written when the disk filled up.",
        find=_bundle,
        command=typed("truncate -s 0 {path} && rm -f /etc/ssl/certs/*.0"),
        recovery=typed("update-ca-certificates --fresh"),
        look=typed("ls -l {path}"),
        symptom="no certificate authorities are known",
    ),
    Operator(
        id="network-certifi-cut",
        family=FAMILY,
        summary="The certificates that come as a Python distribution were cut off while they were unpacked.",
        find=_certifi,
        command=typed("truncate -s 4096 {path}"),
        recovery=typed("{python} -m pip install --force-reinstall --no-deps {requirement}"),
        look=typed("ls -l {path}"),
        symptom="SSLError: PEM lib",
        revert="package",
    ),
    Operator(
        id="network-tls-providers",
        family=FAMILY,
        summary="OpenSSL was restricted to a provider that has none of the algorithms in use.",
        find=_openssl,
        command=typed(
            "sed -i 's/^# activate = 1/activate = 0/; s/^default = default_sect/base = default_sect/' {path}"
        ),
        recovery=typed(
            "sed -i 's/^activate = 0/# activate = 1/; s/^base = default_sect/default = default_sect/' {path}"
        ),
        look=typed("grep -n sect {path}"),
        symptom="unsupported algorithm, no cipher",
    ),
)
