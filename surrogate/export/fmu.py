"""A model as an FMU for co-simulation (FMI 2.0): the C99 export with the interface around it, compiled here."""

from __future__ import annotations

import hashlib
import io
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

import numpy as np

from surrogate.export import c99
from surrogate.export.check_rows import random_rows
from surrogate.export.export import Answers, ExportError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.export.portable import Portable

_ID = "surrogate_model"
_PLATFORMS = {"linux": ("linux", ".so"), "darwin": ("darwin", ".dylib"), "win32": ("win", ".dll")}
_EPOCH = (1980, 1, 1, 0, 0, 0)


def write(portable: Portable, statement: str) -> bytes:
    """Return the FMU: description, sources, and the library for the machine that writes it.

    Raises
    ------
    ExportError
        If there is no C compiler, or the platform has no name in FMI 2.0.
    """
    model = c99.write(portable, statement)
    interface = files("surrogate.export").joinpath("fmi2.c").read_text().replace("@D@", str(len(portable.names)))
    start = random_rows(portable)[0]
    interface = interface.replace("@K@", str(len(portable.outputs)))
    interface = interface.replace("@START@", ", ".join(map(c99.hexadecimal, start.tolist())))
    guid = "{" + hashlib.sha256(model + interface.encode()).hexdigest()[:32] + "}"
    interface = interface.replace("@GUID@", guid)
    folder, ending = _place()
    members = {
        "modelDescription.xml": _description(portable, guid, start).encode(),
        f"binaries/{folder}/{_ID}{ending}": _library(model, interface.encode()),
        "sources/model.c": model,
        "sources/fmi2.c": interface.encode(),
        "documentation/checked.txt": statement.encode(),
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def run(written: bytes, portable: Portable, rows: NDArray[np.float64], folder: Path) -> Answers | None:
    """Set the inputs, make a step and read the outputs with FMPy, where it is installed."""
    try:
        import fmpy
        from fmpy.fmi2 import FMU2Slave
    except ImportError:
        return None
    path = folder / "model.fmu"
    path.write_bytes(written)
    description = fmpy.read_model_description(str(path))
    unpacked = fmpy.extract(str(path), str(folder / "unpacked"))
    slave = FMU2Slave(guid=description.guid, unzipDirectory=unpacked, modelIdentifier=_ID, instanceName="checked")
    slave.instantiate()
    slave.setupExperiment(startTime=0.0)
    slave.enterInitializationMode()
    slave.exitInitializationMode()
    d, k = len(portable.names), len(portable.outputs)
    answers = []
    for i, row in enumerate(rows.tolist()):
        slave.setReal(list(range(d)), row)
        slave.doStep(currentCommunicationPoint=float(i), communicationStepSize=1.0)
        answers.append(slave.getReal(list(range(d, d + k))))
    slave.terminate()
    slave.freeInstance()
    return Answers(np.array(answers), f"FMPy {fmpy.__version__}, FMI 2.0 co-simulation on {platform.machine()}")


def _place() -> tuple[str, str]:
    """Return the folder and ending of libraries on this platform."""
    found = _PLATFORMS.get(sys.platform)
    if found is None or platform.machine().lower() not in ("x86_64", "amd64"):
        raise ExportError(
            f"FMI 2.0 has no name for binaries of {sys.platform} on {platform.machine()}. Write the FMU on 64-bit x86 "
            "Linux, macOS or Windows, or export '.c'."
        )
    return found[0] + "64", found[1]


def _library(model: bytes, interface: bytes) -> bytes:
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if compiler is None:
        raise ExportError("an FMU holds a compiled library, and no C compiler (cc, gcc, clang) was found. Install one.")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "model.c").write_bytes(model)
        Path(folder, "fmi2.c").write_bytes(interface)
        command = [compiler, *c99.FLAGS, "-fPIC", "-shared", "model.c", "fmi2.c", "-o", "library", "-lm"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise ExportError(f"the C compiler refused the export:\n{done.stderr[:2000]}")
        return Path(folder, "library").read_bytes()


def _description(portable: Portable, guid: str, start: NDArray[np.float64]) -> str:
    d = len(portable.names)
    inputs = [
        f'    <ScalarVariable name={_attribute(name)} valueReference="{i}" causality="input" variability="continuous" '
        f'description={_attribute(_meaning(portable, i))}>\n      <Real start="{value!r}"/>\n    </ScalarVariable>'
        for i, (name, value) in enumerate(zip(portable.names, start.tolist(), strict=True))
    ]
    outputs = [
        f"    <ScalarVariable name={_attribute(name if name not in portable.names else name + '_out')} "
        f'valueReference="{d + i}" causality="output" variability="continuous">\n      <Real/>\n    </ScalarVariable>'
        for i, name in enumerate(portable.outputs)
    ]
    unknowns = "".join(f'\n      <Unknown index="{d + i + 1}"/>' for i in range(len(portable.outputs)))
    variables = "\n".join([*inputs, *outputs])
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<fmiModelDescription fmiVersion="2.0" modelName="surrogate" guid="{guid}" generationTool="surrogate-discovery"
    variableNamingConvention="flat" numberOfEventIndicators="0">
  <CoSimulation modelIdentifier="{_ID}" canHandleVariableCommunicationStepSize="true">
    <SourceFiles>
      <File name="model.c"/>
      <File name="fmi2.c"/>
    </SourceFiles>
  </CoSimulation>
  <ModelVariables>
{variables}
  </ModelVariables>
  <ModelStructure>
    <Outputs>{unknowns}
    </Outputs>
    <InitialUnknowns>{unknowns}
    </InitialUnknowns>
  </ModelStructure>
</fmiModelDescription>
"""


def _meaning(portable: Portable, i: int) -> str:
    values, unit = portable.categories[i], portable.parameters[i].unit
    if values is not None:
        return "position in the list " + ", ".join(map(repr, values)) + ", from 0"
    return unit or ""


def _attribute(text: str) -> str:
    """Quote text for XML, without characters that XML cannot hold."""
    return quoteattr(re.sub(r"[^\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", " ", text))
