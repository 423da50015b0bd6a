"""A form is filled in, approved, and its certificate verified: once, and not a second time.

    TALLYSTICK_URL=http://127.0.0.1:8080 TALLYSTICK_KEY=tk_… python3 walkthrough.py

The key must be allowed to write. Each run makes a form and a code of its own. Only the standard library is used.
"""

import json
import os
import sys
import urllib.error
import urllib.request

URL = os.environ.get("TALLYSTICK_URL", "http://127.0.0.1:8080")
KEY = os.environ.get("TALLYSTICK_KEY") or sys.exit(
    "Set TALLYSTICK_KEY to an API key: tallystick forms keys create"
)


class Refused(Exception):
    """The server refused: `code` is its error_code, or its code where there is none."""

    def __init__(self, answer):
        self.code = answer.get("error_code", answer["code"])
        super().__init__(f"{self.code} {answer['message']}: {answer['message_detail']}")


def call(method, parameters, **headers):
    """`data` of a call."""
    request = urllib.request.Request(
        f"{URL}/api/v2/rpc/{method}",
        data=json.dumps(parameters).encode(),
        headers={"Authorization": f"Bearer {KEY}", "Content-Type": "application/json", **headers},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)["data"]
    except urllib.error.HTTPError as error:
        raise Refused(json.load(error)) from None


def refused(code, method, parameters):
    """Makes a call that must be refused with a code."""
    try:
        answer = call(method, parameters)
    except Refused as refusal:
        if refusal.code != code:
            raise
        return refusal
    sys.exit(f"{method} should have been refused with {code}, was answered: {answer}")


def fill_in(template, values):
    """The entries of a submission: values by the titles of their fields."""
    fields = [field for group in template["groups"] for field in group["fields"]]
    return [
        {
            "field_id": field["field_id"],
            "field_type": field["field_type"],
            "field_value": values[field["field_title"]],
        }
        for field in fields
        if field["field_title"] in values
    ]


# A form with one stage of approval, and certificates.
form = call(
    "forms/create",
    {
        "name": "Visitor registration",
        "groups": [
            {
                "fields": [
                    {"field_type": "name", "field_title": "Name", "settings": {"is_required": True}},
                    {"field_type": "tel", "field_title": "Mobile"},
                ]
            }
        ],
        "audit_config": {"enabled": True, "stages": [{"title": "Reception"}]},
        "certificate_config": {"enabled": True, "title": "Admission"},
    },
)
tpl_id = form["form"]["id"]
print("form", tpl_id)

# A code that has the form filled in.
code = call(
    "qrcodes/create",
    {
        "title": "Front desk",
        "operations": [
            {"name": "Register", "elements": [{"element_type": 2, "element_value": tpl_id}]}
        ],
    },
)["meta"]
print("code", code["url"])

# What the form asks for: submissions name fields by their ids.
template = call("forms/getTemplate", {"tpl_id": tpl_id})["data"]

# Fill it in. Sent again with the same key, it is carried out once.
submission = {
    "code_id": code["id"],
    "tpl_id": tpl_id,
    "fields": fill_in(template, {"Name": "Mei Lin", "Mobile": "13800138000"}),
}
record = call("record/addRecord", submission, **{"Idempotency-Key": f"visit-{tpl_id}"})
assert record["audit_status"] == "pending", record
print("record", record["record_number"], "pending")

# No certificate before the approval.
early = refused(100320, "record/getCertificate", {"record_id": record["record_id"]})
print("no certificate yet:", early)

# Approve it.
approved = call(
    "record/auditRecord",
    {"record_id": record["record_id"], "action": "pass", "reply": "Expected"},
)
assert approved["audit_status"] == "approved", approved
print("approved")

# The certificate, and the text of its QR code.
certificate = call("record/getCertificate", {"record_id": record["record_id"]})
assert certificate["verifiable"], certificate
print("certificate", certificate["certificate_status"], certificate["qr_text"])

# Verify what was scanned. The nonce names this scan.
scan = {
    "certificate_code": certificate["qr_text"],
    "action_type": "set_next_certificate_status",
    "nonce": f"scan-{record['record_id']}-1",
}
verified = call("record/verifyCertificate", scan)
assert verified["is_final"], verified
print("verified:", verified["certificate_status"])

# The answer was lost? The same nonce has the same answer.
assert call("record/verifyCertificate", scan) == verified
print("repeated: the same answer")

# Scanned again, it is refused: the certificate is used up.
scan["nonce"] = f"scan-{record['record_id']}-2"
print("again:", refused(100324, "record/verifyCertificate", scan))
