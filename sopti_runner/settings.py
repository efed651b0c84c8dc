"""Machine settings: where things lie on this machine, and nothing a court decides.

The rule kept here: a file or an environment variable can say *where*, never *whether*. Zone, office holders, keys,
roles, approval policy and calendar are events of the ledger, so their names are refused here with that reason.

Order: built-in default, then the TOML file (``/etc/sopti/sopti.toml``, or ``SOPTI_CONFIG``), then ``SOPTI_*``.
``docs/settings.md`` is generated from the class below.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from sopti_runner.errors import N_, SettingsError

DEFAULT_FILE = "/etc/sopti/sopti.toml"
LANGUAGES = ("id", "en")
POLICY_WORDS = ("approval", "approver", "calendar", "holiday", "office", "policy", "role", "timezone", "waiver", "zone")
_REPOSITORY = re.compile(r"/[^\s].*|sftp:[^\s:@/]+@[^\s:@/]+:[^\s].*")
_FILE = re.compile(r"sqlite:///\S+")
_SERVER = re.compile(r"postgresql(\+psycopg)?://\S+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where sopti finds and keeps things on this machine; every path is absolute.

    Attributes:
        state_dir: Ledger, sealed copies, runs, documents; only the system user reads it.
        content_dir: Holds playbooks/, roles/, collections/ and reports/; read, never written.
        inventory: The Ansible inventory of the court's hosts: a file or a folder.
        database_url: Address of the ledger: a SQLite file, or ``postgresql://sopti@host/database`` without password
            (libpq finds it in ``.pgpass`` of the user that runs sopti); empty for ``ledger.db`` in ``state_dir``.
        database_owner_url: On PostgreSQL, the address as the role that makes the tables: only ``sopti init`` uses it,
            and an upgrade that brings a new table; empty for ``database_url`` itself, which ``sopti doctor`` warns of.
        sinks: Folders on other machines' shares where each checkpoint goes at once; the variable parts them with ``:``.
        backup_repository: sopti's own backups: a folder on another machine's share, or ``sftp:user@host:/path``.
        ssh_private_key: Key with which sopti reaches hosts; empty for ssh's own choice.
        lang: Language of messages and documents on this machine, ``id`` or ``en``.
    """

    state_dir: Path = Path("/var/lib/sopti")
    content_dir: Path = Path("/opt/sopti/content")
    inventory: Path = Path("/etc/sopti/inventory")
    database_url: str = ""
    database_owner_url: str = ""
    sinks: tuple[Path, ...] = ()
    backup_repository: str = ""
    ssh_private_key: Path | None = None
    lang: str = "id"

    @property
    def database(self) -> str:
        """The ledger's SQLAlchemy address, the default filled in."""
        return self.database_url or f"sqlite:///{self.state_dir / 'ledger.db'}"

    @classmethod
    def load(cls, environ: Mapping[str, str], read_file: Callable[[str], bytes]) -> Self:
        """Give the settings of this machine.

        Args:
            environ: The process environment; only ``SOPTI_*`` is looked at.
            read_file: Gives a file's bytes, raising ``OSError`` as ``open`` does.

        Raises:
            SettingsError: A key is unknown, a value is of the wrong kind, or the file can't be read; the error names
                the file, the line where there is one, and the nearest known key.
        """
        chosen = environ.get("SOPTI_CONFIG", "")
        name = chosen or DEFAULT_FILE
        settings = cls()
        for key, value in _read(name, read_file, required=bool(chosen)).items():
            settings = replace(settings, **{_known(key, on=name): _typed(key, value, on=name)})
        for variable, text in sorted(environ.items()):
            key = variable.removeprefix("SOPTI_").lower()
            if variable.startswith("SOPTI_") and _is_setting(key, variable):
                value = [part for part in text.split(":") if part] if key == "sinks" else text
                settings = replace(settings, **{key: _typed(key, value, on=variable)})
        return settings


KEYS = tuple(item.name for item in fields(Settings))


def _read(name: str, read_file: Callable[[str], bytes], *, required: bool) -> dict[str, Any]:
    """Parse the file; a missing default file is no error, a missing chosen one is."""
    try:
        raw = read_file(name)
    except FileNotFoundError as error:
        if not required:
            return {}
        raise SettingsError(
            N_("The settings file does not exist"),
            on=name,
            expected=N_("the file that SOPTI_CONFIG names"),
            found=N_("no such file"),
            next=N_("make the file, or unset SOPTI_CONFIG"),
        ) from error
    except OSError as error:
        raise SettingsError(
            N_("The settings file can't be read"),
            on=name,
            expected=N_("a file that this user may read"),
            found=error.strerror or str(error),
            next=f"ls -l {name}",
        ) from error
    return _parse(name, _text(name, raw))


def _text(name: str, raw: bytes) -> str:
    """Decode UTF-8, naming the line and the byte that is not."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise SettingsError(
            N_("The settings file is not UTF-8 text"),
            on=f"{name}:{line}",
            expected="UTF-8",
            found=f"0x{raw[error.start]:02x}",
            next=f"iconv -f latin1 -t utf-8 {name}",
        ) from error


def _parse(name: str, text: str) -> dict[str, Any]:
    """Parse TOML, naming the line that is none; at an early end, the last line."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        told = re.search(r"line (\d+)", str(error))
        line = int(told[1]) if told else text.rstrip("\n").count("\n") + 1
        raise SettingsError(
            N_("The settings file is not TOML"),
            on=f"{name}:{line}",
            expected=N_('lines such as: lang = "id"'),
            found=str(error),
            next=N_("mend that line; docs/settings.md shows every key"),
        ) from error


def _known(key: str, *, on: str) -> str:
    """Give the key when it is a setting; else refuse it with the nearest one, or as a matter of policy."""
    if key in KEYS:
        return key
    near = difflib.get_close_matches(key, KEYS, n=1, cutoff=0.6)
    if not near and any(word in key for word in POLICY_WORDS):
        raise SettingsError(
            N_("{key} is the court's policy, not a setting of this machine"),
            on=on,
            expected=N_("policy as events of the ledger, each with a second official's signature"),
            found=key,
            next="sopti office --help",
            key=key,
        )
    raise SettingsError(
        N_("Unknown setting {key}; did you mean {near}?") if near else N_("Unknown setting {key}"),
        on=on,
        expected=", ".join(KEYS),
        found=key,
        next=N_("see docs/settings.md"),
        key=key,
        near=near[0] if near else "",
    )


def _is_setting(key: str, variable: str) -> bool:
    """Tell whether a SOPTI_ variable sets something; a near miss is refused, any other is left to its owner."""
    if key in KEYS:
        return True
    if difflib.get_close_matches(key, KEYS, n=1, cutoff=0.75):
        _known(key, on=variable)
    return False


def _typed(key: str, value: object, *, on: str) -> Any:
    """Give the value in the field's type, or refuse it naming what was expected."""
    if key == "sinks":
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(_path(key, item, on=on) for item in value)
        raise _wrong(key, N_("a list of folder names"), value, on=on)
    if not isinstance(value, str):
        raise _wrong(key, N_("text between quotes"), value, on=on)
    if key == "lang":
        lang = re.split(r"[-_.]", value)[0].lower()  # en_GB.UTF-8 is English too
        if lang not in LANGUAGES:
            raise _wrong(key, " | ".join(LANGUAGES), value, on=on)
        return lang
    if key in ("database_url", "database_owner_url"):
        return _address(key, value, on=on)
    if key == "backup_repository":
        if value and not _REPOSITORY.fullmatch(value):
            raise _wrong(key, N_("an absolute path, or sftp:user@host:/path"), value, on=on)
        return value
    if key == "ssh_private_key" and not value:
        return None
    return _path(key, value, on=on)


def _address(key: str, text: str, *, on: str) -> str:
    """Give a database's address; one that holds a password is refused, for this file is no place for one."""
    scheme = text.split(":", 1)[0]  # never shown further: the rest may hold a password
    if not text or (_FILE.fullmatch(text) and key == "database_url"):
        return text
    try:
        parts = urlsplit(text)
        secret = parts.password is not None or "password" in parse_qs(parts.query)
        sound = _SERVER.fullmatch(text) and (parts.port is None or parts.port > 0)
    except ValueError:
        secret = sound = False
    if secret:
        raise _wrong(key, N_("an address without password; libpq finds it in .pgpass"), f"{scheme}:…", on=on)
    if not sound:
        expected = "sqlite:////path/ledger.db | postgresql://sopti@host/database"
        raise _wrong(key, expected if key == "database_url" else expected.split(" | ")[1], f"{scheme}:…", on=on)
    return text


def _path(key: str, text: str, *, on: str) -> Path:
    """Give an absolute path; a relative one would mean another place in each folder, and is refused."""
    path = Path(text)
    if not path.is_absolute():
        raise _wrong(key, N_("an absolute path"), text, on=on)
    return path


def _wrong(key: str, expected: str, found: object, *, on: str) -> SettingsError:
    return SettingsError(
        N_("The setting {key} has a wrong value"),
        on=on,
        expected=expected,
        found=repr(found),
        next=N_("see docs/settings.md"),
        key=key,
    )
