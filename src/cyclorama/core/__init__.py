"""The nouns: frames, camera, backdrop, lighting, shot. Everything else imports from here, and this imports nothing of ours."""
