"""How alike two pictures are around a pixel, when the surface there is slanted.

The samples around a pixel are weighted by likeness of colour and nearness (Yoon and Kweon 2006), so that a thin thing
is compared without what is behind it, and carried into the other picture by their plane's homography.
"""

import numpy as np
from numba import njit

_HALF, _STRIDE = 2, 2  # 5 x 5 samples, every second pixel
NUM_SAMPLES = (2 * _HALF + 1) ** 2
_SIGMA_COLOUR, _SIGMA_PX = 0.08, 4.0  # per channel, 0..1; pixels
_NOISE = 2e-5  # variance of a window that shows nothing: two such windows are alike
_OFF, _OFF_MOST = 0.5, 0.2  # share of the absolute difference, and the largest that counts
_SLOPE = 6.0  # pixels of parallax; depths further off are of another surface


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def supports(picture, grey, weights, moments):  # type: ignore[no-untyped-def]
    """``weights`` h w NUM_SAMPLES, of sum 1; ``moments`` h w 2: weighted mean and variance of the grey."""
    h, w, _ = picture.shape
    for y in range(h):
        for x in range(w):
            total, mean, square = np.float32(0), np.float32(0), np.float32(0)
            k = 0
            for j in range(-_HALF, _HALF + 1):
                for i in range(-_HALF, _HALF + 1):
                    sy, sx = min(h - 1, max(0, y + j * _STRIDE)), min(w - 1, max(0, x + i * _STRIDE))
                    unlike = np.float32(0)
                    for c in range(3):
                        unlike += abs(picture[sy, sx, c] - picture[y, x, c])
                    far = np.float32(_STRIDE) * np.sqrt(np.float32(i * i + j * j))
                    share = np.exp(-unlike / np.float32(3 * _SIGMA_COLOUR) - far / np.float32(_SIGMA_PX))
                    weights[y, x, k] = share
                    total += share
                    mean += share * grey[sy, sx]
                    square += share * grey[sy, sx] * grey[sy, sx]
                    k += 1
            for k in range(NUM_SAMPLES):
                weights[y, x, k] /= total
            mean /= total
            moments[y, x, 0] = mean
            moments[y, x, 1] = max(np.float32(0), square / total - mean * mean)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def unlike(x, y, plane, other, here, at):  # type: ignore[no-untyped-def]
    """Of the window around a pixel, seen on its plane, and the other picture: (1 - weighted correlation) / 2 and a
    little absolute difference, 0..1.1. ``at``: where the pixel falls there, and its z_there / z_here."""
    grey, weights, moments = here
    a, b, seen = other.a, other.b, other.grey
    h, w = grey.shape
    th, tw = seen.shape
    u0, v0, z0 = at
    zx, zy = a[2, 0] + b[2] * plane[1], a[2, 1] + b[2] * plane[2]
    step = np.float32(_STRIDE) / z0  # the homography, linear around the pixel
    ux, uy = (a[0, 0] + b[0] * plane[1] - u0 * zx) * step, (a[0, 1] + b[0] * plane[2] - u0 * zy) * step
    vx, vy = (a[1, 0] + b[1] * plane[1] - v0 * zx) * step, (a[1, 1] + b[1] * plane[2] - v0 * zy) * step
    mean, square, cross, off = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
    half, zero = np.float32(0.5), np.float32(0)
    k = 0
    for j in range(-_HALF, _HALF + 1):
        sy = min(h - 1, max(0, y + j * _STRIDE))
        for i in range(-_HALF, _HALF + 1):
            share = weights[y, x, k]
            k += 1
            r = grey[sy, min(w - 1, max(0, x + i * _STRIDE))]
            u = min(max(u0 + ux * i + uy * j - half, zero), np.float32(tw - 1.001))
            v = min(max(v0 + vx * i + vy * j - half, zero), np.float32(th - 1.001))
            iu, iv = int(u), int(v)
            s, t = u - np.float32(iu), v - np.float32(iv)
            top = seen[iv, iu] + s * (seen[iv, iu + 1] - seen[iv, iu])
            low = seen[iv + 1, iu] + s * (seen[iv + 1, iu + 1] - seen[iv + 1, iu])
            g = top + t * (low - top)
            mean += share * g
            square += share * g * g
            cross += share * g * r
            off += share * min(abs(g - r), np.float32(_OFF_MOST))
    noise = np.float32(_NOISE)
    var, own = max(zero, square - mean * mean) + noise, moments[y, x, 1] + noise
    corr = (cross - mean * moments[y, x, 0] + noise) / np.sqrt(var * own)
    return half * (np.float32(1) - corr) + np.float32(_OFF) * off


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def fitted(depth, weights, unit, out):  # type: ignore[no-untyped-def]
    """A plane through the inverse depths around each pixel that are near its own, by weighted least squares.

    ``out`` h w 3: inverse depth at the pixel, and its slopes per pixel right and down.
    """
    h, w = depth.shape
    for y in range(h):
        for x in range(w):
            d = depth[y, x]
            s, sx, sy, sxx, sxy, syy, sd, sxd, syd = 1e-6, 0.0, 0.0, 1e-3, 0.0, 1e-3, 0.0, 0.0, 0.0
            k = 0
            for j in range(-_HALF, _HALF + 1):
                for i in range(-_HALF, _HALF + 1):
                    py, px = y + j * _STRIDE, x + i * _STRIDE
                    share = weights[y, x, k]
                    k += 1
                    if py < 0 or px < 0 or py >= h or px >= w:
                        continue
                    off = depth[py, px] - d
                    share *= max(np.float32(0), np.float32(1) - abs(off) * unit / np.float32(_SLOPE))
                    dx, dy = float(i * _STRIDE), float(j * _STRIDE)
                    s, sx, sy = s + share, sx + share * dx, sy + share * dy
                    sxx, sxy, syy = sxx + share * dx * dx, sxy + share * dx * dy, syy + share * dy * dy
                    sd, sxd, syd = sd + share * off, sxd + share * dx * off, syd + share * dy * off
            cxx, cxy, cyy = sxx - sx * sx / s, sxy - sx * sy / s, syy - sy * sy / s
            cxd, cyd = sxd - sx * sd / s, syd - sy * sd / s
            det = cxx * cyy - cxy * cxy
            gx, gy = 0.0, 0.0
            if det > 1e-3:
                gx, gy = (cyy * cxd - cxy * cyd) / det, (cxx * cyd - cxy * cxd) / det
            out[y, x, 0] = max(0.0, d + (sd - gx * sx - gy * sy) / s)
            out[y, x, 1], out[y, x, 2] = gx, gy
