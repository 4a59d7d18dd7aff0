import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

from mmlight.utils import digit_version, get_git_hash

versions = st.builds(
    lambda release, suffix: ".".join(map(str, release)) + suffix,
    st.lists(st.integers(0, 30), min_size=1, max_size=4),
    st.sampled_from(["", "a1", "a2", "b1", "rc1", "rc2", ".post1", ".post2"]),
)


@settings(max_examples=60)
@given(versions, versions)
def test_digits_compare_as_the_versions_do(first, second):
    assert (digit_version(first) < digit_version(second)) == (Version(first) < Version(second))


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("1.2", (1, 2, 0, 0, 0, 0)),
        ("2.13.0+cu117", (2, 13, 0, 0, 0, 0)),
        ("1.0.dev3", (1, 0, 0, 0, -4, 0)),
        ("1.0-alpha.1", (1, 0, 0, 0, -3, 1)),
        ("1.0b3", (1, 0, 0, 0, -2, 3)),
        ("0.10.7rc0", (0, 10, 7, 0, -1, 0)),
        ("1.0.post1", (1, 0, 0, 0, 1, 1)),
        ("1!2.0", (2, 0, 0, 0, 0, 0)),
        ("1.2.3.4.5", (1, 2, 3, 4, 0, 0)),
    ],
)
def test_digit_version(version, expected):
    assert digit_version(version) == expected


def test_digit_version_of_another_length():
    assert digit_version("1.2.3.4", length=2) == (1, 2, 0, 0)


@pytest.mark.parametrize("version", ["", "abc", "1.x"])
def test_what_is_no_version(version):
    with pytest.raises(ValueError, match="Invalid version"):
        digit_version(version)


def test_get_git_hash(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert get_git_hash(fallback="none") == "none"
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run(["git", *who, "commit", "-q", "--allow-empty", "-m", "first"], check=True)
    full = get_git_hash()
    assert len(full) == 40
    assert get_git_hash(digits=7) == full[:7]
    with pytest.raises(TypeError, match="digits must be None or an integer"):
        get_git_hash(digits="7")
    monkeypatch.setenv("PATH", "")
    assert get_git_hash() == "unknown"
