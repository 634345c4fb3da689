"""Commands made from settings: every field that carries an ``Option`` becomes an option of the command."""

import inspect
import types
from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import typer

from cyclorama.core.errors import InputError
from cyclorama.option import Option
from cyclorama.path_words import file_named

Record = TypeVar("Record")


def command_of(record: type[Record], job: Callable[..., None]) -> Callable[..., None]:
    """A function for typer whose parameters are the fields of ``record``, those of records inside it among them, and
    what else ``job(settings, ...)`` asks for."""
    own = [p for p in inspect.signature(job).parameters.values() if p.name != "settings"]
    parameters = [_parameter(*found) for found in _options(record)] + own
    names = {p.name for p in own}

    def command(**values: Any) -> None:
        try:
            settings = _read(record, values)
        except InputError as error:
            raise typer.BadParameter(str(error)) from None
        job(settings, **{name: values[name] for name in names})

    ordered = sorted(parameters, key=lambda p: p.default is not inspect.Parameter.empty)
    command.__signature__ = inspect.Signature(ordered)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    command.__doc__, command.__name__ = job.__doc__, job.__name__
    return command


def _options(record: Any) -> Iterator[tuple[Field[Any], Any, Option]]:
    """(field, its type, its option), records inside records opened."""
    hints = get_type_hints(record, include_extras=True)
    for field in fields(record):
        hint = hints[field.name]
        if is_dataclass(hint):
            yield from _options(hint)
        elif get_origin(hint) is Annotated:
            kind, option = get_args(hint)
            yield field, kind, option


def _parameter(field: Field[Any], kind: Any, option: Option) -> inspect.Parameter:
    required = field.default is MISSING
    if option.argument:
        asked: Any = typer.Argument(help=option.help)
    else:
        flags = option.flags
        if kind is bool and not field.default:
            flags = flags or ("--" + field.name.replace("_", "-"),)
        asked = typer.Option(*flags, help=option.help, metavar=option.shape)
    default: Any = inspect.Parameter.empty if required else field.default
    if _is_many(kind) and not required:
        default = list(default)
    return inspect.Parameter(
        field.name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default, annotation=Annotated[_words(kind), asked]
    )


def _is_many(kind: Any) -> bool:
    return get_origin(kind) is tuple


def _parser(kind: Any) -> Callable[[Any], Any] | None:
    """How a word becomes a value, for kinds that say so by a ``parse``; None for those that typer reads itself."""
    if _is_many(kind):
        kind = get_args(kind)[0]
    if get_origin(kind) in (Union, types.UnionType):
        kind = next(k for k in get_args(kind) if k is not type(None))
    return getattr(kind, "parse", None)


def _words(kind: Any) -> Any:
    """What typer reads for a kind."""
    if _is_many(kind):
        inner = get_args(kind)[0]
        return list[str] if _parser(kind) else list[inner]  # type: ignore[valid-type]
    if _parser(kind) is None:
        return kind
    return str | None if get_origin(kind) in (Union, types.UnionType) else str


def _read(record: type[Record], values: dict[str, Any]) -> Record:
    """The settings that were asked for. ``InputError`` for a word that cannot be read, with its option."""
    hints = get_type_hints(record, include_extras=True)
    found = {}
    for field in fields(record):  # type: ignore[arg-type]
        hint = hints[field.name]
        if is_dataclass(hint):
            found[field.name] = _read(hint, values)  # type: ignore[arg-type]
        elif get_origin(hint) is Annotated:
            try:
                found[field.name] = _value(get_args(hint)[0], values[field.name])
            except InputError as error:
                raise InputError(f"--{field.name.replace('_', '-')}: {error}") from None
    return record(**found)


def _value(kind: Any, value: Any) -> Any:
    parse = _parser(kind) or (lambda word: file_named(word) if isinstance(word, Path) else word)
    if _is_many(kind):
        return tuple(parse(word) for word in value or ())
    return None if value is None else parse(value)
