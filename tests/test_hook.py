"""The pre-commit hooks as pre-commit itself runs them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parent.parent
MANIFEST = CHECKOUT / ".pre-commit-hooks.yaml"
PRE_COMMIT = (sys.executable, "-m", "pre_commit")

TEAM = """\
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: team}
spec: {type: team, children: []}
"""
SERVICE = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: service, tags: [ML]}
spec: {type: service, lifecycle: production, owner: team}
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With a committed team, and our hooks as they are but for the installation, which is this one."""
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("CALLBOARD_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "catalog"
    (folder / "team").mkdir(parents=True)
    (folder / "team" / "catalog-info.yaml").write_text(TEAM)
    hooks = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    for hook in hooks:
        hook["language"] = "system"
        hook["entry"] = hook["entry"].replace("callboard", f"{sys.executable} -m callboard.cli.main", 1)
    config = {"repos": [{"repo": "local", "hooks": hooks}]}
    (folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    monkeypatch.chdir(folder)
    git("init", "--quiet")
    git("add", ".")
    git("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "--message=first")
    return folder


def git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True)


def hook(name: str) -> tuple[int, str]:
    done = subprocess.run([*PRE_COMMIT, "run", name], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_the_manifest_is_one() -> None:
    subprocess.run([*PRE_COMMIT, "validate-manifest", MANIFEST], check=True)


def test_what_is_committed_is_checked_against_the_whole_catalog_and_repaired(repository: Path) -> None:
    (repository / "service").mkdir()
    file = repository / "service" / "my-catalog-info.prod.yaml"
    file.write_text(SERVICE)
    (repository / "broken.yaml").write_text("a: [")
    (repository / "team" / "catalog-info.yaml").write_text("not staged: [")
    git("add", "service", "broken.yaml")

    code, said = hook("callboard-validate")

    assert code == 1
    assert "service/my-catalog-info.prod.yaml" in said
    assert "tag-format" in said
    assert "1 entity in 1 file: 1 error, 0 warnings" in said  # so the team was found

    code, said = hook("callboard-fix")

    assert (code, "files were modified by this hook" in said) == (1, True)
    assert file.read_text() == SERVICE.replace("ML", "ml")
    git("add", "service")
    assert hook("callboard-fix")[0] == hook("callboard-validate")[0] == 0
