"""The nouns: frames, camera, backdrop, lighting, shot. Everything imports from here; this imports nothing of ours."""
