"""What may be asked of a process that reads files."""

from cyclorama.core.errors import CycloramaError, InputError
from cyclorama.media import film_service
from cyclorama.media.gate import Host, MemoryShortError
from cyclorama.media.wire import REFUSED, Message


class Service:
    """Answers one question after another; ``open`` begins the film of which ``frame`` asks."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._film: film_service.FilmSession | None = None

    def answer(self, asked: Message) -> Message:
        """The answer, or why there is none."""
        try:
            return self._answer(asked)
        except (MemoryShortError, MemoryError) as error:
            return Message(REFUSED, {"kind": "memory", "text": str(error)})
        except CycloramaError as error:
            kind = "input" if isinstance(error, InputError) else "machine"
            return Message(REFUSED, {"kind": kind, "text": str(error)})

    def rest(self) -> None:
        """What can be done until the next question."""
        if self._film is not None:
            self._film.look_ahead()

    def _answer(self, asked: Message) -> Message:
        match asked.text("what"):
            case "probe":
                return film_service.probe(asked, self._host)
            case "video_hw":
                return film_service.video_hw(asked, self._host)
            case "open":
                self._film = film_service.FilmSession(asked, self._host)
                return Message(b"=")
            case "frame" if self._film is not None:
                return self._film.frame(asked)
        from cyclorama.media import picture_service  # OpenCV and OpenEXR only where there are pictures

        pictures = {"codes": picture_service.codes, "exr_header": picture_service.exr_header}
        return {**pictures, "exr_planes": picture_service.exr_planes}[asked.text("what")](asked, self._host)
