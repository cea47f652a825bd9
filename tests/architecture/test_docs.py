import re
import runpy
from pathlib import Path

import click

from registry.cli import main

ROOT = Path(__file__).parents[2]


def test_the_configuration_reference_is_the_generated_one() -> None:
    generator = runpy.run_path(str(ROOT / "docs" / "generate_configuration.py"))
    assert (ROOT / "docs" / "configuration.md").read_text() == generator["render"]()


def test_every_link_in_the_readme_leads_to_a_file() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / "README.md").read_text())
    assert links
    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []


def commands(group: click.Command, name: str = "registry") -> dict[str, click.Command]:
    found = {name: group}
    if isinstance(group, click.Group):
        context = click.Context(group)
        for each in group.list_commands(context):
            command = group.get_command(context, each)
            assert command is not None
            found |= commands(command, f"{name} {each}")
    return found


def test_every_command_has_a_help_text_and_takes_the_settings() -> None:
    for name, command in commands(main).items():
        assert command.help, name
        if not isinstance(command, click.Group):
            options = {option for parameter in command.params for option in parameter.opts}
            assert {"--config", "--data"} <= options, name


def test_the_readme_names_only_commands_that_exist() -> None:
    known = commands(main)
    named = re.findall(r"\bregistry((?: [a-z]+)+)", re.sub(r"--\S+", "", (ROOT / "README.md").read_text()))
    for words in (words.split() for words in named):
        if f"registry {words[0]}" in known and isinstance(known[f"registry {words[0]}"], click.Group):
            assert f"registry {' '.join(words[:2])}" in known, words
