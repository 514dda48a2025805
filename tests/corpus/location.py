#!/usr/bin/env python3
"""Writes places into about a hundred files of twelve formats, sends each through a link that gives no places, and compares
what arrives: location.py BINARY. exiftool must find no place in it, and the picture must be the same. Ends with the number
of faults."""
import io, json, pathlib, re, subprocess, sys, tempfile, urllib.error, urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import formats  # noqa: E402
from PIL import Image  # noqa: E402
from run import Server  # noqa: E402

# What is written, in the ways of exiftool. Each file also has a maker, which must stay.
GPS = ["-GPSLatitude=48.2082", "-GPSLatitudeRef=N", "-GPSLongitude=16.3738", "-GPSLongitudeRef=E", "-GPSAltitude=183", "-GPSDateStamp=2024:05:06", "-GPSImgDirection=90"]
EXIF = [f"-EXIF:{one[1:]}" for one in GPS] + ["-EXIF:Make=Nexus"]
XMP = ["-XMP-exif:GPSLatitude=48.2082", "-XMP-exif:GPSLongitude=16.3738", "-XMP-photoshop:City=Vienna", "-XMP-iptcCore:Location=Stephansplatz", "-XMP-iptcExt:LocationShownCity=Vienna"]
IPTC = ["-IPTC:City=Vienna", "-IPTC:Country-PrimaryLocationName=Austria", "-IPTC:Sub-location=Stephansplatz", "-IPTC:ObjectName=Holidays"]
KEYS = ["-Keys:GPSCoordinates=48.2082, 16.3738, 183", "-Keys:LocationName=Vienna", "-Keys:Make=Nexus"]
USER = ["-UserData:GPSCoordinates=48.2082, 16.3738, 183", "-UserData:LocationInformation=Vienna Role=0 Lat=48.2 Lon=16.3 Alt=183"]
LIST = ["-ItemList:GPSCoordinates=48.2082, 16.3738, 183"]
PLACE = re.compile(r"gps|location|city|country|sublocation|latitude|longitude|Vienna|Stephansplatz|Austria", re.I)
PICTURES = {"EXIF": EXIF, "XMP": XMP, "EXIF and XMP": EXIF + XMP}


def bases(side):
    """Name, bytes, and what can be written into them."""
    picture = Image.radial_gradient("L").resize((side, side * 3 // 4)).convert("RGB")
    for kind, options in (("JPEG", {}), ("PNG", {}), ("WEBP", {"lossless": True}), ("TIFF", {}), ("GIF", {}), ("JPEG2000", {})):
        out = io.BytesIO()
        picture.save(out, kind, **options)
        name = {"JPEG": "jpg", "JPEG2000": "jp2", "TIFF": "tif"}.get(kind, kind.lower())
        more = {"IPTC": IPTC, "all": EXIF + XMP + IPTC} if kind in ("JPEG", "TIFF") else {}
        yield name, out.getvalue(), ({"XMP": XMP} if kind == "GIF" else {**PICTURES, **more})
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, "a.png")
        picture.save(source)
        for name, codec in (("heic", []), ("avif", ["-A"])):
            target = pathlib.Path(folder, f"a.{name}")
            subprocess.run(["heif-enc", "-q", "60", *codec, source, "-o", target], check=True, capture_output=True)
            yield name, target.read_bytes(), PICTURES
        for name in ("mp4", "mov", "m4v", "3gp"):
            target = pathlib.Path(folder, f"a.{name}")
            codec = ["-c:v", "h263", "-s", "176x144"] if name == "3gp" else ["-c:v", "libx264", "-pix_fmt", "yuv420p"]
            subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", f"testsrc2=duration=1:size={side}x{side * 3 // 4}:rate=5", *codec, target], check=True)
            yield name, target.read_bytes(), {"keys": KEYS, "user data": USER, "list": LIST, "XMP": XMP, "all": KEYS + USER + LIST + XMP}
    yield "psd", formats.psd(picture), PICTURES


def samples():
    for name, data, ways in [*bases(160), *bases(640)]:
        for way, arguments in ways.items():
            for order in ("II", "MM") if EXIF[0] in arguments else ("",):
                with tempfile.TemporaryDirectory() as folder:
                    path = pathlib.Path(folder, f"a.{name}")
                    path.write_bytes(data)
                    byte_order = ["-ExifByteOrder=" + order] if order else []
                    done = subprocess.run(["exiftool", "-q", "-q", "-m", "-overwrite_original", *byte_order, *arguments, path], capture_output=True, text=True)
                    written = path.read_bytes()
                if done.returncode == 0 and written != data:
                    yield f"{name}, {way} {order}".strip(), name, written


def told(path):
    """What exiftool knows about a place."""
    said = json.loads(subprocess.run(["exiftool", "-j", "-a", "-u", "-ee", "-G1", "-n", path], capture_output=True, text=True, check=False).stdout)[0]
    return {key: value for key, value in said.items() if str(value).strip() and (PLACE.search(key) or PLACE.search(str(value)))}


def shape(path):
    """The picture, as bytes: what a decoder that has nothing to do with the server makes of it."""
    made = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", "0:v:0", "-f", "md5", "-"], capture_output=True, text=True)
    if made.returncode == 0 and made.stdout:
        return made.stdout
    return Image.open(path).convert("RGB").tobytes()


def main():
    server, count, faults = Server(sys.argv[1]), 0, 0
    try:
        for label, name, data in samples():
            count += 1
            identity = server.upload(f"a.{name}", data)
            link = json.loads(server.call("POST", "/api/links", json.dumps({"item": identity}).encode(), {"Content-Type": "application/json"}))
            token = link["url"].split("/s/")[1]
            try:
                clean = urllib.request.urlopen(f"{server.base}/s/{token}/media/{identity}", timeout=60).read()
            except urllib.error.HTTPError as error:
                faults += 1
                print(f"{label}: {error.code}")
                continue
            with tempfile.TemporaryDirectory() as folder:
                before, after = pathlib.Path(folder, f"before.{name}"), pathlib.Path(folder, f"after.{name}")
                before.write_bytes(data)
                after.write_bytes(clean)
                had, has = told(before), told(after)
                wrong = []
                if not had:
                    wrong.append("nothing was written")
                if has:
                    wrong.append(f"still says {has}")
                if len(clean) != len(data):
                    wrong.append("has another length")
                if shape(before) != shape(after):
                    wrong.append("shows another picture")
            faults += bool(wrong)
            if wrong:
                print(f"{label}: {'; '.join(wrong)}")
    finally:
        server.stop()
    print(f"{count} files, {faults} faults, {server.errors} errors of the server")
    sys.exit(bool(faults or server.errors))


if __name__ == "__main__":
    main()
