"""Machine settings: order of sources, strictness, and what an error tells."""

from pathlib import Path

import pytest

from sopti_runner.errors import SettingsError
from sopti_runner.settings import DEFAULT_FILE, Settings


def files(**by_name: bytes):
    """Give a reader over invented files; any other name does not exist."""

    def read(name: str) -> bytes:
        if name not in table:
            raise FileNotFoundError(2, "No such file or directory", name)
        return table[name]

    table = {DEFAULT_FILE if key == "default" else f"/{key}": content for key, content in by_name.items()}
    return read


def refused(content: bytes, **environ: str) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        Settings.load(environ, files(default=content))
    error = caught.value
    assert error.exit_code == 2
    assert error.on
    assert error.expected
    assert error.found
    assert error.next
    return error


def test_load_nothing_given_defaults_stand():
    settings = Settings.load({}, files())
    assert settings.state_dir == Path("/var/lib/sopti")
    assert settings.database == "sqlite:////var/lib/sopti/ledger.db"
    assert settings.ssh_private_key is None
    assert settings.lang == "id"


def test_load_file_and_variable_variable_wins():
    settings = Settings.load(
        {"SOPTI_LANG": "en", "SOPTI_SINKS": "/mnt/a:/mnt/b", "HOME": "/home/x"},
        files(default=b'lang = "id"\nstate_dir = "/srv/s"\nsinks = ["/mnt/c"]\n'),
    )
    assert settings == Settings(lang="en", state_dir=Path("/srv/s"), sinks=(Path("/mnt/a"), Path("/mnt/b")))


def test_load_chosen_file_missing_is_refused():
    with pytest.raises(SettingsError) as caught:
        Settings.load({"SOPTI_CONFIG": "/elsewhere.toml"}, files(default=b'lang = "en"'))
    assert caught.value.on == "/elsewhere.toml"


def test_load_unreadable_file_says_so():
    def denied(name: str) -> bytes:
        raise PermissionError(13, "Permission denied", name)

    with pytest.raises(SettingsError) as caught:
        Settings.load({}, denied)
    assert caught.value.found == "Permission denied"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b'lang = "id"\nstate_dir = "/srv\n', 2),
        (b'lang = "id"\nsinks = [\n  "/mnt",\n', 3),
        (b'lang = "id"\n\nstate_dir\n', 3),
        (b'lang = "id"\nlang = "en"\n', 2),
        (b'lang = "id"\n# caf\xe9\n', 2),
    ],
    ids=["open-quote", "cut-in-list", "no-value", "twice", "not-utf-8"],
)
def test_load_malformed_file_names_the_line(content, line):
    assert refused(content).on == f"{DEFAULT_FILE}:{line}"


@pytest.mark.parametrize(("key", "near"), [("state_dri", "state_dir"), ("sink", "sinks"), ("database", "database_url")])
def test_load_misspelt_key_names_the_nearest(key, near):
    error = refused(f'{key} = "/x"\n'.encode())
    assert f"did you mean {near}?" in str(error)


@pytest.mark.parametrize("key", ["zone", "approval_policy", "roles", "waivers"])
def test_load_policy_key_is_refused_as_policy(key):
    assert "the court's policy" in str(refused(f'{key} = "x"\n'.encode()))


def test_load_table_is_refused_as_unknown():
    assert "Unknown setting" in str(refused(b"[paths]\nx = 1\n"))


@pytest.mark.parametrize(
    "content",
    [
        b"lang = 3\n",
        b'lang = "fr"\n',
        b'state_dir = "relative/path"\n',
        b'state_dir = ""\n',
        b"state_dir = true\n",
        b'sinks = "/mnt/a"\n',
        b"sinks = [1]\n",
        b'sinks = ["a"]\n',
        b'database_url = "mysql://x"\n',
        b'database_url = "postgres://x/y"\n',
        b'database_url = "postgresql://db:port/x"\n',
        b'database_url = "postgresql://[db/x"\n',
        b'database_owner_url = "sqlite:////x.db"\n',
    ],
)
def test_load_wrong_value_is_refused_naming_the_key(content):
    assert content.split(b" ")[0].decode() in str(refused(content))


@pytest.mark.parametrize(
    "address",
    [
        "postgres://sopti:rahasia@db/x",
        "postgresql://sopti:rahasia@db/x",
        "postgresql://sopti@db/x?password=rahasia",
        "postgresql+psycopg:///x?host=/run/postgresql&password=rahasia",
    ],
)
@pytest.mark.parametrize("key", ["database_url", "database_owner_url"])
def test_load_database_address_with_a_password_is_refused_and_not_shown(key, address):
    error = refused(f'{key} = "{address}"\n'.encode())
    assert "rahasia" not in repr(error.__dict__)


@pytest.mark.parametrize(
    "address",
    [
        "sqlite:////srv/ledger.db",
        "postgresql://sopti@db.pn-contoh.example:5433/sopti?sslmode=verify-full",
        "postgresql+psycopg:///sopti?host=/run/postgresql",
        "postgresql:///?service=sopti",
        "postgresql://sopti@/x?host=a:5432&host=b:5432&target_session_attrs=read-write",
    ],
)
def test_load_database_address_is_taken(address):
    assert Settings.load({"SOPTI_DATABASE_URL": address}, files()).database == address


@pytest.mark.parametrize("place", ["", "/mnt/backup", "sftp:sopti@cadangan.pn-contoh.example:/srv/sopti"])
def test_load_backup_repository_is_taken_as_it_is_written(place):
    assert Settings.load({"SOPTI_BACKUP_REPOSITORY": place}, files()).backup_repository == place


def test_load_backup_repository_that_is_no_place_is_refused():
    assert "backup_repository" in str(refused(b'backup_repository = "s3:bucket"\n'))


def test_load_misspelt_variable_is_refused():
    assert "did you mean state_dir?" in str(refused(b"", SOPTI_STATEDIR="/x"))


def test_load_variable_of_other_parts_is_left_alone():
    assert Settings.load({"SOPTI_SOAK": "1", "SOPTI_CONFIG": ""}, files()) == Settings()


def test_load_empty_key_path_means_none():
    assert Settings.load({"SOPTI_SSH_PRIVATE_KEY": ""}, files()).ssh_private_key is None


def test_load_language_as_systems_write_it_is_understood():
    assert Settings.load({"SOPTI_LANG": "en_GB.UTF-8"}, files()).lang == "en"
