"""Files of about sixty formats, each with what is right. Needs ffmpeg, heif-enc, lame, and pip: pillow pillow-heif
piexif mutagen tifffile imagecodecs numpy."""
import io, pathlib, struct, subprocess, sys, tempfile, zlib

import numpy, pillow_heif, tifffile
from PIL import Image, ImageCms

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "cases"))
from _lib import A, D, E, G, V, X264, Z, exif, ff, iptc, jpg, mp3, quad, save, segment, sh, xmp  # noqa: E402

pillow_heif.register_heif_opener()
WHEN = "2019-07-04 15:30:12"
QUAD = {"kind": "photo", "width": 96, "height": 64, "colours": True}


def dated(text=D, **more):
    return exif(ex={E.DateTimeOriginal: text, **more})


def tiff(array, **options):
    out = io.BytesIO()
    tifffile.imwrite(out, array, **options)
    return out.getvalue()


def pipe(*args):
    """What a command writes to standard output."""
    return subprocess.run(args, check=True, capture_output=True, timeout=120).stdout


def frames(*args, ext, source=None, seconds=1):
    """The quarters as a video."""
    with tempfile.NamedTemporaryFile(suffix=".png") as still:
        still.write(save(source or quad(192, 128), "PNG"))
        still.flush()
        return ff("-loop", "1", "-i", still.name, "-t", str(seconds), "-r", "10", *args, ext=ext)


def psd(image):
    """Photoshop's format with the flattened image only."""
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, image.height, image.width, 8, 3)
    planes = b"".join(band.tobytes() for band in image.split())
    return head + b"\0" * 12 + b"\0\0" + planes


def dsf(seconds=2):
    """DSD in mono: silence."""
    samples = 2822400 * seconds
    blocks = -(-samples // 8 // 4096)
    data = b"\x69" * (blocks * 4096)
    form = b"fmt " + struct.pack("<QIIIIIIQII", 52, 1, 0, 1, 1, 2822400, 1, samples, 4096, 0)
    body = form + b"data" + struct.pack("<Q", 12 + len(data)) + data
    tag = id3v24(("TIT2", "Stille"))
    total = 28 + len(body) + len(tag)
    return b"DSD " + struct.pack("<QQQ", 28, total, 28 + len(body)) + body + tag


def id3v24(*frames):
    body = b"".join(name.encode() + struct.pack(">I", len(text.encode()) + 1) + b"\0\0\3" + text.encode() for name, text in frames)
    n = len(body)
    return b"ID3\4\0\0" + bytes([n >> 21 & 127, n >> 14 & 127, n >> 7 & 127, n & 127]) + body


def raw_block(make, model):
    """TIFF data with date and camera."""
    return exif({Z.Make: make, Z.Model: model}, {E.DateTimeOriginal: D})[6:]


def box(name, content):
    return struct.pack(">I", 8 + len(content)) + name + content


def cr3():
    zero = exif({Z.Make: b"Canon", Z.Model: b"Canon EOS R6"})[6:]
    # The EXIF tags stand alone in their own block, as in the camera's files.
    text = D + b"\0"
    cmt2 = b"II*\0\x08\0\0\0\x01\0\x03\x90\x02\0" + struct.pack("<II", len(text), 26) + b"\0\0\0\0" + text
    canon = box(b"uuid", bytes.fromhex("85c0b687820f11e08111f4ce462b6a48") + box(b"CMT1", zero) + box(b"CMT2", cmt2))
    return box(b"ftyp", b"crx \0\0\0\1crx isom") + box(b"moov", canon) + box(b"mdat", jpg(im=quad(640, 480)))


def x3f():
    texts, offsets = b"", b""
    for word in ("TIME", "1562254212", "CAMMANUF", "SIGMA", "CAMMODEL", "SIGMA DP2"):
        offsets += struct.pack("<I", len(texts) // 2)
        texts += word.encode("utf-16-le") + b"\0\0"
    prop = b"SECp\0\0\2\0" + struct.pack("<I", 3) + b"\0" * 12 + offsets + texts
    picture = jpg(im=quad(640, 480))
    start = 16
    file = b"FOVb" + b"\0" * 12 + picture + prop
    directory = b"SECd\0\0\2\0" + struct.pack("<I", 1) + struct.pack("<II", start + len(picture), len(prop)) + b"PROP"
    return file + directory + struct.pack("<I", len(file))


RAW = {"kind": "photo", "width": 640, "height": 480, "taken": WHEN}
PHOTO_NAMES = ["IMG_{0}_{1}.jpg", "PXL_{0}_{1}123.jpg", "{0}_{1}.jpg", "Screenshot_{0}-{1}_App.png", "signal-{2}-{1}.jpg",
               "{2} {3}.jpg", "photo_{2}_{4}.jpg", "WhatsApp Image {2} at {3}.jpeg", "WP_{0}_{5}_Pro.jpg", "{0}{1}.jpg"]


def images():
    rgb, profile = quad(), ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    yield "plain.jpg", jpg(dated()), {**QUAD, "taken": WHEN}
    yield "progressive.jpg", save(rgb, "JPEG", quality=90, progressive=True), QUAD
    yield "gray.jpg", save(quad(mode="L"), "JPEG"), {"kind": "photo", "width": 96, "height": 64, "preview": True}
    yield "cmyk.jpg", save(quad(mode="CMYK"), "JPEG", quality=92), {"kind": "photo", "width": 96, "height": 64, "preview": True}
    yield "profile.jpg", save(rgb, "JPEG", quality=92, icc_profile=profile), QUAD
    for mode in ("RGB", "RGBA", "P"):
        yield f"{mode}.png", save(quad(mode=mode), "PNG"), QUAD
    yield "one-bit.png", save(quad(mode="1"), "PNG"), {"kind": "photo", "width": 96, "height": 64, "preview": True}
    sixteen = numpy.array(rgb).astype(numpy.uint16) * 257
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in sixteen)
    chunk = lambda k, d: struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d))
    yield "sixteen.png", b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 96, 64, 16, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""), QUAD
    whole = save(Image.effect_noise((400, 300), 90).convert("RGB"), "PNG")
    yield "cut-off.png", whole[: len(whole) // 2], {"kind": "photo", "width": 400, "height": 300, "preview": True, "damaged": True}
    gif = save(Image.effect_noise((400, 300), 90), "GIF")
    yield "cut-off.gif", gif[: len(gif) // 2], {"kind": "photo", "width": 400, "height": 300, "preview": True, "damaged": True}
    ico = save(Image.effect_noise((128, 128), 90).convert("RGBA"), "ICO", sizes=[(128, 128)])
    yield "cut-off.ico", ico[: len(ico) * 2 // 3], {"kind": "photo", "preview": True, "damaged": True}
    # Each pixel of a palette image takes four bytes in our own decoder.
    yield "large.gif", save(Image.new("P", (11000, 10000)), "GIF"), {"kind": "photo", "width": 11000, "height": 10000, "preview": True}
    yield "exif.png", save(rgb, "PNG", exif=dated()), {**QUAD, "taken": WHEN}
    yield "a.gif", save(rgb, "GIF"), QUAD
    yield "a.bmp", save(rgb, "BMP"), QUAD
    yield "lossy.webp", save(rgb, "WEBP", quality=90, exif=dated()), {**QUAD, "taken": WHEN}
    yield "lossless.webp", save(rgb, "WEBP", lossless=True), QUAD
    yield "a.ico", save(quad(64, 64), "ICO", sizes=[(64, 64)]), {"kind": "photo", "width": 64, "height": 64, "colours": True}
    for compression in (None, "tiff_lzw", "tiff_adobe_deflate", "packbits"):
        yield f"{compression}.tif", save(rgb, "TIFF", compression=compression), QUAD
    yield "jpeg.tif", save(rgb, "TIFF", compression="jpeg", quality=95), QUAD
    yield "palette.tif", save(rgb.quantize(8), "TIFF"), QUAD
    for compression in ("group3", "group4"):
        yield f"{compression}.tif", save(quad(mode="1"), "TIFF", compression=compression), {"kind": "photo", "width": 96, "height": 64, "preview": True}
    yield "lab.tif", save(ImageCms.profileToProfile(rgb, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"), "TIFF"), {**QUAD, "tolerance": 12}
    yield "cmyk.tif", save(quad(mode="CMYK"), "TIFF"), {"kind": "photo", "width": 96, "height": 64, "preview": True}
    yield "sixteen.tif", tiff(sixteen, photometric="rgb"), QUAD
    yield "big.tif", tiff(numpy.array(rgb), photometric="rgb", bigtiff=True), QUAD
    yield "tiles.tif", tiff(numpy.array(rgb), photometric="rgb", tile=(32, 32)), QUAD
    yield "pages.tif", tiff(numpy.stack([numpy.array(rgb)] * 3), photometric="rgb"), QUAD
    for quarter in (1, 3, 6, 8):
        turned = {1: rgb, 3: rgb.transpose(Image.Transpose.ROTATE_180), 6: rgb.transpose(Image.Transpose.ROTATE_90), 8: rgb.transpose(Image.Transpose.ROTATE_270)}[quarter]
        yield f"turned-{quarter}.jpg", jpg(exif(o=quarter), turned), QUAD
        yield f"turned-{quarter}.tif", save(turned, "TIFF", tiffinfo={274: quarter}), QUAD
    for size in ((96, 64), (2000, 1500), (1501, 1001)):
        big = quad(*size)
        said = {"kind": "photo", "width": size[0], "height": size[1], "colours": True}
        yield f"{size[0]}.heic", save(big, "HEIF", quality=80), said
        yield f"{size[0]}.avif", save(big, "AVIF", quality=80, speed=10), said
        yield f"{size[0]}-profile.heic", save(big, "HEIF", quality=80, icc_profile=profile), said
    yield "exif.heic", save(rgb, "HEIF", quality=80, exif=dated()), {**QUAD, "taken": WHEN}
    still = ("-vframes", "1")
    yield "a.jxl", frames(*still, "-c:v", "libjxl", "-distance", "0.5", ext="jxl"), {"kind": "photo", "width": 192, "height": 128, "colours": True}
    yield "a.jp2", save(rgb, "JPEG2000"), QUAD
    yield "a.j2k", save(rgb, "JPEG2000", no_jp2=True), QUAD
    yield "a.psd", psd(rgb), QUAD
    yield "a.svg", b'<svg xmlns="http://www.w3.org/2000/svg" width="96" height="64"><rect width="48" height="32" fill="#dc1414"/><rect x="48" width="48" height="32" fill="#14c814"/><rect y="32" width="48" height="32" fill="#1414dc"/><rect x="48" y="32" width="48" height="32" fill="#fff"/></svg>', {"kind": "photo", "colours": True}
    yield "a.ORF", b"MMOR" + raw_block(b"OLYMPUS", b"E-M1")[4:] + b"\0" * 16 + jpg(im=quad(640, 480)), {**RAW, "camera": "E-M1"}
    little = b"II*\0\x08\0\0\0\x01\0\x32\x01\x02\0" + struct.pack("<II", 20, 26) + b"\0\0\0\0" + D + b"\0"
    yield "a.RW2", b"IIU\0" + little[4:] + b"\0" * 16 + jpg(im=quad(640, 480)), RAW
    yield "b.RW2", b"IIU\0\x08\0\0\0\0\0\0\0\0\0" + b"\0" * 16 + jpg(exif({Z.Model: b"DMC-G9"}, {E.DateTimeOriginal: D}), quad(640, 480)), {**RAW, "camera": "DMC-G9"}
    yield "a.RAF", b"FUJIFILMCCD-RAW 0201" + b"\0" * 80 + jpg(exif({Z.Model: b"X-T4"}, {E.DateTimeOriginal: D}), quad(640, 480)), {**RAW, "camera": "X-T4"}
    yield "a.CR3", cr3(), {**RAW, "camera": "Canon EOS R6"}
    yield "a.X3F", x3f(), {**RAW, "camera": "SIGMA DP2"}
    yield "b.X3F", b"FOVb" + b"\0" * 60 + jpg(exif({Z.Model: b"DP1 Merrill"}, {E.DateTimeOriginal: D}), quad(640, 480)), {**RAW, "camera": "DP1 Merrill"}
    for name, make in (("a.NEF", b"NIKON"), ("a.DNG", b"Google"), ("a.ARW", b"SONY"), ("a.CR2", b"Canon")):
        yield name, raw_block(make, b"Model 1") + b"\0" * 16 + jpg(im=quad(640, 480)), {**RAW, "camera": "Model 1"}


def dates():
    for number, (text, taken) in enumerate((
        (b"2019: 7: 4 15:30:12", WHEN), (b"2019-07-04 15:30:12", WHEN), (b"2019:07:04 24:00:00", "2019-07-04"), (b"2019:07:04 15:30:60", "2019-07-04 15:30"),
        (b"2019:07:04 15:30", "2019-07-04 15:30"), (b"2019:07:04   :  :  ", "2019-07-04"), (b"2019/07/04 15:30:12", WHEN), (b"2019:07:04", "2019-07-04"),
    )):
        yield f"exif-{number}.jpg", jpg(dated(text)), {"taken": taken}
    for number, first in enumerate((b"0001:01:01 00:00:00", b"0000:00:00 00:00:00", b"    :  :     :  :  ", b"2045:01:01 00:00:00", b"2019:13:45 00:00:00", b"nonsense")):
        yield f"next-{number}.jpg", jpg(exif(ex={E.DateTimeOriginal: first, E.DateTimeDigitized: D})), {"taken": WHEN}
        yield f"changed-{number}.jpg", jpg(exif({Z.DateTime: D}, {E.DateTimeOriginal: first})), {"taken": WHEN}
    for number, (zone, offset) in enumerate(((b"+02:00", 120), (b"-07:00", -420), (b"+05:30", 330), (b"+99:99", None), (b"junk", None))):
        yield f"zone-{number}.jpg", jpg(exif(ex={E.DateTimeOriginal: D, E.OffsetTimeOriginal: zone})), {"taken": WHEN, "offset": offset}
    names = {"exif": "http://ns.adobe.com/exif/1.0/", "photoshop": "http://ns.adobe.com/photoshop/1.0/", "xmp": "http://ns.adobe.com/xap/1.0/"}
    for number, (tag, text, taken) in enumerate((
        ("exif:DateTimeOriginal", "2019-07-04T15:30:12", WHEN), ("photoshop:DateCreated", "2019-07-04T15:30:12+02:00", WHEN), ("xmp:CreateDate", "2019-07-04T15:30", "2019-07-04 15:30"),
        ("photoshop:DateCreated", "2019-07-04", "2019-07-04"), ("photoshop:DateCreated", "1962-08", "1962-08"), ("photoshop:DateCreated", "1962", "1962"),
    )):
        space = tag.split(":")[0]
        yield f"xmp-{number}.jpg", xmp(jpg(), f'<rdf:Description xmlns:{space}="{names[space]}" {tag}="{text}"/>'), {"taken": taken}
        yield f"xmp-element-{number}.jpg", xmp(jpg(), f'<rdf:Description xmlns:{space}="{names[space]}"><{tag}>{text}</{tag}></rdf:Description>', wrapped=False), {"taken": taken}
    yield "iptc.jpg", iptc(jpg(), [(55, b"20190704"), (60, b"153012+0200")]), {"taken": WHEN, "offset": 120}
    yield "iptc-day.jpg", iptc(jpg(), [(55, b"20190704")]), {"taken": "2019-07-04"}
    yield "iptc-month.jpg", iptc(jpg(), [(55, b"19620800")]), {"taken": "1962-08"}
    for name in PHOTO_NAMES:
        named = name.format("20190704", "153012", "2019-07-04", "15.30.12", "15-30-12", "15_30_12")
        yield named, jpg() if named.endswith(("jpg", "jpeg")) else save(Image.effect_noise((50, 40), 60), "PNG"), {"taken": WHEN}
    for name in ("IMG-20190704-WA0012.jpg", "2019-07-04 Fest.jpg", "VID-20190704-WA0001.mp4"):
        yield name, jpg() if name.endswith("jpg") else frames(*X264, ext="mp4"), {"taken": "2019-07-04"}
    for name in ("IMG_20191304_153012.jpg", "DSC12345678.jpg", "20190732.jpg"):
        yield name, jpg(), {"sent": "2016-02-03 04:05:06", "taken": "2016-02-03 05:05:06"}
    for number, (stamp, local) in enumerate((("2018-12-31T23:30:00Z", "2019-01-01 00:30:00"), ("2019-07-04T13:30:12Z", WHEN))):
        yield f"utc-{number}.mp4", frames(*X264, "-metadata", f"creation_time={stamp}", ext="mp4"), {"kind": "video", "taken": local}
        yield f"utc-{number}.mov", frames(*X264, "-metadata", f"creation_time={stamp}", ext="mov"), {"kind": "video", "taken": local}
        yield f"utc-{number}.mkv", frames(*X264, "-metadata", f"creation_time={stamp}", ext="mkv"), {"kind": "video", "taken": local}
    yield "VID_20190704_233012.mp4", frames(*X264, "-metadata", "creation_time=2019-07-05T03:30:12Z", ext="mp4"), {"kind": "video", "taken": "2019-07-04 23:30:12"}
    yield "new-york.mp4", frames(*X264, "-metadata", "creation_time=2019-07-05T03:30:12Z", "-metadata", "location=+40.7128-074.0060/", ext="mp4"), {"kind": "video", "taken": "2019-07-04 23:30:12"}
    yield "apple.mov", frames(*X264, "-movflags", "use_metadata_tags", "-metadata", "com.apple.quicktime.creationdate=2019-07-04T15:30:12+0200", "-metadata", "creation_time=2020-01-01T00:00:00Z", ext="mov"), {"kind": "video", "taken": WHEN, "offset": 120}
    yield "unset.mp4", frames(*X264, "-metadata", "creation_time=1970-01-01T00:00:00Z", ext="mp4"), {"kind": "video", "sent": "2016-02-03 04:05:06", "taken": "2016-02-03 05:05:06"}
    yield "icrd.avi", frames("-c:v", "mjpeg", "-metadata", "date=2019-07-04", ext="avi"), {"kind": "video", "taken": "2019-07-04"}
    avi = frames("-c:v", "mjpeg", "-metadata", "title=x", ext="avi")
    yield "idit.avi", with_idit(avi, b"Thu Jul  4 15:30:12 2019\n\0"), {"kind": "video", "taken": WHEN}
    yield "recorded.mkv", frames(*X264, "-metadata", "DATE_RECORDED=2019-07-04 15:30:12", ext="mkv"), {"kind": "video", "taken": WHEN}


def with_idit(avi, text):
    """An AVI whose header list has the date of the camera."""
    at = avi.index(b"LIST", 12) if avi[12:16] != b"LIST" else 12
    size = struct.unpack("<I", avi[at + 4 : at + 8])[0]
    piece = b"IDIT" + struct.pack("<I", len(text)) + text
    head = avi[: at + 4] + struct.pack("<I", size + len(piece)) + avi[at + 8 : at + 8 + size] + piece + avi[at + 8 + size :]
    return head[:4] + struct.pack("<I", len(head) - 8) + head[8:]


def videos():
    said = {"kind": "video", "width": 192, "height": 128, "colours": True, "tolerance": 12}
    for name, codec in (
        ("h264.mp4", X264), ("hevc.mp4", ("-c:v", "libx265", "-pix_fmt", "yuv420p", "-x265-params", "log-level=none", "-tag:v", "hvc1")), ("mpeg4.mp4", ("-c:v", "mpeg4", "-q:v", "2")), ("av1.mp4", ("-c:v", "libaom-av1", "-cpu-used", "8")),
        ("h264.mov", X264), ("mjpeg.mov", ("-c:v", "mjpeg", "-q:v", "2")), ("prores.mov", ("-c:v", "prores_ks")), ("a.m4v", X264), ("a.3gp", X264), ("a.mkv", X264), ("vp8.webm", ("-c:v", "libvpx", "-b:v", "1M")), ("vp9.webm", ("-c:v", "libvpx-vp9", "-b:v", "1M")),
        ("xvid.avi", ("-c:v", "mpeg4", "-q:v", "2")), ("a.mpg", ("-c:v", "mpeg2video", "-q:v", "2", "-r", "25")), ("a.ts", X264), ("a.mxf", ("-c:v", "mpeg2video", "-q:v", "2", "-r", "25")), ("a.wmv", ("-c:v", "wmv2", "-q:v", "2")), ("a.flv", ("-c:v", "flv1", "-q:v", "2")), ("a.ogv", ("-c:v", "libtheora", "-q:v", "9")),
    ):
        # A still picture in the last two is a single frame to their muxers.
        length = {} if name in ("a.mpg", "a.ogv") else {"duration_ms": [900, 1300]}
        yield name, frames(*codec, ext=name.rpartition(".")[2]), said | length
    yield "a.m2ts", frames(*X264, "-f", "mpegts", "-mpegts_m2ts_mode", "1", ext="mts"), said
    yield "a.dv", frames("-c:v", "dvvideo", "-s", "720x576", "-r", "25", "-pix_fmt", "yuv420p", ext="dv"), {"kind": "video", "preview": True}
    mov = frames("-c:v", "mjpeg", "-q:v", "2", ext="mov")
    size = struct.unpack(">I", mov[:4])[0]
    for first in (b"free", b"wide", b"skip"):
        yield f"{first.decode()}.mov", mov[:4] + first + b"\0" * (size - 8) + mov[size:], said
    yield "sar.mp4", ff("-f", "lavfi", "-i", "testsrc=s=180x144:d=1:r=10", "-vf", "setsar=64/45", *X264, ext="mp4"), {"kind": "video", "width": 256, "height": 144, "preview": True}
    yield "pal.mpg", ff("-f", "lavfi", "-i", "testsrc=s=720x576:d=1:r=25", "-aspect", "16:9", "-c:v", "mpeg2video", ext="mpg"), {"kind": "video", "width": 1024, "height": 576, "preview": True}
    yield "fragmented.mp4", frames(*X264, "-movflags", "frag_keyframe+empty_moov+default_base_moof", "-g", "5", ext="mp4", seconds=3), {"kind": "video", "duration_ms": [2800, 3300]}
    yield "live.webm", sh("ffmpeg -v error -i a.webm -c copy -f webm -live 1 - > b.webm", {"a.webm": frames("-c:v", "libvpx", ext="webm", seconds=3)}, "b.webm"), {"kind": "video", "duration_ms": [2800, 3300]}
    for name, transfer in (("pq.mp4", "smpte2084"), ("hlg.mp4", "arib-std-b67")):
        yield name, frames("-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-x265-params", f"log-level=none:colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc", "-color_primaries", "bt2020", "-color_trc", transfer, "-colorspace", "bt2020nc", "-tag:v", "hvc1", ext="mp4"), {"kind": "video", "width": 192, "height": 128, "preview": True}


def sounds():
    tags = "-metadata title=Lied -metadata artist=Chor -metadata album=Probe".split()
    said = {"kind": "audio", "title": "Lied", "artist": "Chor", "duration_ms": [1900, 2200]}
    plain = {"kind": "audio", "duration_ms": [1900, 2200]}
    for name, codec in (
        ("a.mp3", ("-c:a", "libmp3lame")), ("a.m4a", ("-c:a", "aac")), ("a.mp4", ("-c:a", "aac")), ("a.3gp", ("-c:a", "aac")), ("a.mka", ("-c:a", "libopus")), ("a.webm", ("-c:a", "libopus")),
        ("a.flac", ()), ("a.ogg", ("-c:a", "libvorbis")), ("a.opus", ("-c:a", "libopus")), ("a.spx", ("-c:a", "libspeex", "-ar", "16000")), ("a.wav", ()), ("a.aiff", ("-write_id3v2", "1")), ("a.wv", ("-c:a", "wavpack")), ("a.tta", ("-c:a", "tta")), ("a.wma", ("-c:a", "wmav2")), ("a.caf", ()),
    ):
        yield name, ff(*A, *codec, *tags, ext=name.rpartition(".")[2]), plain if name in ("a.caf", "a.3gp", "a.tta") else said
    yield "sound.mov", ff(*A, "-c:a", "aac", *tags, ext="mov"), {"kind": "audio", "title": "Lied", "duration_ms": [1900, 2200]}
    yield "a.aac", ff(*A, "-c:a", "aac", ext="aac"), plain
    yield "a.ac3", ff(*A, "-ar", "48000", "-c:a", "ac3", ext="ac3"), plain
    yield "a.au", ff(*A, ext="au"), plain
    yield "a.w64", ff(*A, ext="w64"), plain
    yield "rf64.wav", ff(*A, "-rf64", "always", ext="wav"), plain
    yield "a.aifc", ff(*A, "-c:a", "pcm_mulaw", "-f", "aiff", ext="aifc"), plain
    yield "a.dsf", dsf(), {**plain, "title": "Stille"}
    yield "a.mp2", ff(*A, "-c:a", "mp2", ext="mp2"), {"kind": "audio", "duration_ms": [1800, 2400]}
    wav = ff("-f", "lavfi", "-i", "sine=440:d=2:r=8000", ext="wav")
    yield "mpeg25.mp3", sh("lame --quiet -b 16 --resample 8 a.wav a.mp3", {"a.wav": wav}, "a.mp3"), {"kind": "audio", "duration_ms": [1800, 2500]}
    yield "zeros.mp3", b"\0" * 1500 + mp3(), {"kind": "audio", "duration_ms": [1800, 2400]}
    yield "crc.mp3", sh("lame --quiet -p -b 32 a.wav a.mp3", {"a.wav": wav}, "a.mp3"), {"kind": "audio", "duration_ms": [1800, 2400]}
    tagged = id3v1("Группа крови", "Кино", "cp1251")
    yield "id3v1.mp3", mp3() + tagged, {"kind": "audio", "title": "Группа крови", "artist": "Кино"}
    yield "info.wav", riff_info(wav, INAM="Größe".encode("latin-1"), IART="Jörg Müßig".encode("latin-1")), {"kind": "audio", "title": "Größe", "artist": "Jörg Müßig"}
    yield "several.flac", several(ff(*A, ext="flac")), {"kind": "audio", "artist": "Anna, Bertram", "found_by": ["bertram"]}
    yield "fragmented.m4a", ff(*A, "-c:a", "aac", "-movflags", "frag_every_frame+empty_moov", ext="m4a"), plain
    yield "stream.wav", stream_wav(ff(*A, ext="wav")), plain
    for encoding, title, artist in (("cp1251", "Группа крови на рукаве", "Кино"), ("shift-jis", "夜に駆ける物語", "さくらんぼ"), ("gbk", "月亮代表我的心", "邓丽君"), ("euc-kr", "아리랑 목동 노래", "조용필"), ("utf-8", "Fräulein Müller", "Größe"), ("latin-1", "Café Müller", "Jörg Müßig")):
        yield f"{encoding}.mp3", id3v23_tag(title, artist, encoding) + mp3(), {"kind": "audio", "title": title, "artist": artist}


def id3v1(title, artist, encoding):
    """The tag at the end of old files: fields of fixed length."""
    return b"TAG" + title.encode(encoding).ljust(30, b"\0") + artist.encode(encoding).ljust(30, b"\0") + b"\0" * 65


def riff_info(wav, **texts):
    """A WAV with texts in its own format."""
    body = b"INFO" + b"".join(k.encode() + struct.pack("<I", len(v)) + v + b"\0" * (len(v) % 2) for k, v in texts.items())
    wav = wav + b"LIST" + struct.pack("<I", len(body)) + body
    return wav[:4] + struct.pack("<I", len(wav) - 8) + wav[8:]


def several(flac):
    """A FLAC of two artists."""
    from mutagen.flac import FLAC

    with tempfile.NamedTemporaryFile(suffix=".flac") as file:
        file.write(flac)
        file.flush()
        tags = FLAC(file.name)
        tags["artist"] = ["Anna", "Bertram"]
        tags.save()
        return pathlib.Path(file.name).read_bytes()


def stream_wav(wav):
    """A WAV whose writer did not know its length."""
    at = wav.index(b"data")
    return wav[:4] + b"\xff\xff\xff\xff" + wav[8 : at + 4] + b"\xff\xff\xff\xff" + wav[at + 8 :]


def id3v23_tag(title, artist, encoding):
    from _lib import id3v23

    return id3v23([(b"TIT2", title.encode(encoding)), (b"TPE1", artist.encode(encoding))], b"")


def texts():
    words = "Müller am Zürisee"
    for encoding in ("latin-1", "utf-8"):
        yield f"exif-{encoding}.jpg", jpg(exif({Z.ImageDescription: words.encode(encoding), Z.Artist: "Jörg Müßig".encode(encoding)})), {"caption": words, "artist": "Jörg Müßig", "found_by": ["zürisee", "mussig"]}
        yield f"iptc-{encoding}.jpg", iptc(jpg(), [(120, words.encode(encoding)), (80, "Jörg Müßig".encode(encoding))], b"\x1b%G" if encoding == "utf-8" else b""), {"caption": words, "artist": "Jörg Müßig"}
    yield "cp1252.jpg", jpg(exif({Z.ImageDescription: "Günther’s Café – 5 €".encode("cp1252")})), {"caption": "Günther’s Café – 5 €"}
    yield "xp.jpg", jpg(exif({Z.XPTitle: "Über uns".encode("utf-16-le") + b"\0\0", Z.XPComment: "Straße".encode("utf-16-le") + b"\0\0", Z.XPAuthor: "Łukasz".encode("utf-16-le") + b"\0\0", Z.XPKeywords: "Öl;Meer".encode("utf-16-le") + b"\0\0"})), {"title": "Über uns", "caption": "Straße", "artist": "Łukasz", "found_by": ["meer", "strasse"]}
    yield "comment.jpg", jpg(exif(ex={E.UserComment: b"UNICODE\0" + "Grüße".encode("utf-16-be")})), {"caption": "Grüße"}
    position = ((48, 1), (12, 1), (30, 1)), ((16, 1), (22, 1), (12, 1))
    for number, (north, east, refs, said) in enumerate((
        (*position, (b"N", b"E"), [48.20833, 16.37]), (*position, (b"S", b"W"), [-48.20833, -16.37]), (*position, (b"s", b"w"), [-48.20833, -16.37]), (*position, (None, None), None),
        (((48, 1), (12, 1), (0, 0)), ((16, 1), (22, 1), (0, 0)), (b"N", b"E"), [48.2, 16.36667]), (((48208300, 1000000),), ((16370000, 1000000),), (b"N", b"E"), [48.2083, 16.37]),
    )):
        gps = {G.GPSLatitude: north, G.GPSLongitude: east}
        if refs[0]:
            gps |= {G.GPSLatitudeRef: refs[0], G.GPSLongitudeRef: refs[1]}
        yield f"gps-{number}.jpg", jpg(exif(gps=gps)), {"position": said}
    yield "gps-xmp.jpg", xmp(jpg(), '<rdf:Description xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:GPSLatitude="33,51.4S" exif:GPSLongitude="70,40,12W"/>'), {"position": [-33.85667, -70.67]}
    yield "utf16.txt", "Grüße aus Zürich\n".encode("utf-16"), {"kind": "document"}
    yield "latin1.txt", "Grüße aus Zürich, viele Grüße\n".encode("latin-1"), {"kind": "document"}
    yield "utf8.txt", "Grüße aus Zürich\n".encode(), {"kind": "document"}
    yield "a.pdf", save(quad(595, 842), "PDF"), {"kind": "document", "preview_only": True}


ALL = {"images": images, "dates": dates, "videos": videos, "sounds": sounds, "texts": texts}
