"""Verifies an export of the audit log without Callboard: python3 audit_chain.py EXPORT. docs/audit.md has the forms."""
import base64, hashlib, json, subprocess, sys, tempfile

def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

def sha256(tag, value):
    return hashlib.sha256(f"callboard.audit.{tag}.v1\n{canonical(value)}".encode()).hexdigest()

def is_signed(public, message, signature):
    public, signature = base64.b64decode(public), base64.b64decode(signature)
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        with tempfile.TemporaryDirectory() as folder:
            files = {"key": bytes.fromhex("302a300506032b6570032100") + public, "sig": signature, "msg": message.encode()}
            for name, content in files.items():
                open(f"{folder}/{name}", "wb").write(content)
            verify = "openssl pkeyutl -verify -pubin -keyform DER -inkey key -rawin -in msg -sigfile sig"
            return subprocess.run(verify.split(), cwd=folder, capture_output=True).returncode == 0
    try:
        return Ed25519PublicKey.from_public_bytes(public).verify(signature, message.encode()) is None
    except Exception:
        return False

keys, signed, previous, seq, checkpoints = {}, {}, "0" * 64, 0, 0
for number, text in enumerate(open(sys.argv[1], encoding="utf-8"), 1):
    try:
        line = json.loads(text)
        kind, where = line["type"], f"line {number}, record {seq + 1}"
        if kind == "key":
            keys[line["key"]["id"]] = line["key"]["public_key"]
            by = keys[line["key"]["introduced_by"]]
            assert is_signed(by, f"callboard.audit.key.v1\n{canonical(line['key'])}", line["signature"]), "key"
        elif kind == "checkpoint":
            made = line["checkpoint"]
            message = f"callboard.audit.checkpoint.v1\n{canonical(made)}"
            assert is_signed(keys[made["key"]], message, line["signature"]), f"checkpoint at {made['seq']}"
            signed[made["seq"]], checkpoints = made["hash"], checkpoints + 1
            if made["kind"] == "pruned":
                seq, previous = made["seq"], made["hash"]
        else:
            record = dict(line["record"], previous=previous)
            assert record["seq"] == seq + 1, f"record {record['seq']} stands where {seq + 1} belongs"
            record["fields"] = {name: field.get("digest") or sha256("field", [name, field["salt"], field["value"]])
                                for name, field in record["fields"].items()}
            seq, previous = seq + 1, sha256("record", record)
            assert previous == line["hash"] == signed.get(seq, previous), "its hash is another"
    except (ValueError, KeyError, AssertionError, AttributeError, TypeError) as fault:
        sys.exit(f"line {number}, record {max(seq, 1)} or next: {fault!r}")
missing = [f"record {at} is missing" for at in signed if at > seq]
sys.exit("\n".join(missing) or print(f"whole: {seq} records, {checkpoints} checkpoints"))
