"""Pictures (and a camera path) to a backdrop; a backdrop and a camera to a set frame."""
