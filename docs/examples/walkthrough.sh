#!/bin/sh
# A form is filled in, approved, and its certificate verified: once, and not a second time.
#
#   TALLYSTICK_URL=http://127.0.0.1:8080 TALLYSTICK_KEY=tk_… sh walkthrough.sh
#
# The key must be allowed to write. Each run makes a form and a code of its own.
set -eu
: "${TALLYSTICK_URL:=http://127.0.0.1:8080}"
: "${TALLYSTICK_KEY:?Set TALLYSTICK_KEY to an API key: tallystick forms keys create}"

# call METHOD BODY [OPTION OF CURL…]: what the server answers.
call() {
  method=$1 body=$2
  shift 2
  curl -sS "$TALLYSTICK_URL/api/v2/rpc/$method" \
    -H "Authorization: Bearer $TALLYSTICK_KEY" \
    -H 'Content-Type: application/json' -d "$body" "$@"
}

# The first number, or text, of that name on standard input. Where there is jq, use jq.
number() { grep -o "\"$1\":[0-9]*" | head -n 1 | cut -d : -f 2; }
text() { grep -o "\"$1\":\"[^\"]*\"" | head -n 1 | cut -d '"' -f 4; }

# expect PART ANSWER: the answer has this part in it.
expect() {
  case $2 in
    *"$1"*) ;;
    *) echo "expected $1, was answered: $2" >&2; exit 1 ;;
  esac
}

# A form with one stage of approval, and certificates.
form=$(call forms/create '{
  "name": "Visitor registration",
  "groups": [{"fields": [
    {"field_type": "name", "field_title": "Name", "settings": {"is_required": true}},
    {"field_type": "tel", "field_title": "Mobile"}
  ]}],
  "audit_config": {"enabled": true, "stages": [{"title": "Reception"}]},
  "certificate_config": {"enabled": true, "title": "Admission"}
}')
expect '"code":0' "$form"
tpl_id=$(echo "$form" | number id)
echo "form $tpl_id"

# A code that has the form filled in.
code=$(call qrcodes/create '{
  "title": "Front desk",
  "operations": [{"name": "Register", "elements": [{"element_type": 2, "element_value": '"$tpl_id"'}]}]
}')
expect '"code":0' "$code"
code_id=$(echo "$code" | number id)
echo "code $(echo "$code" | text url)"

# What the form asks for: submissions name fields by their ids.
template=$(call forms/getTemplate '{"tpl_id": '"$tpl_id"'}')
name=$(echo "$template" | grep -o '"field_id":[0-9]*' | sed -n 1p | cut -d : -f 2)
mobile=$(echo "$template" | grep -o '"field_id":[0-9]*' | sed -n 2p | cut -d : -f 2)

# Fill it in. Sent again with the same key, it is carried out once.
record=$(call record/addRecord '{
  "code_id": '"$code_id"',
  "tpl_id": '"$tpl_id"',
  "fields": [
    {"field_id": '"$name"', "field_type": "name", "field_value": "Mei Lin"},
    {"field_id": '"$mobile"', "field_type": "tel", "field_value": "13800138000"}
  ]
}' -H "Idempotency-Key: visit-$tpl_id")
expect '"audit_status":"pending"' "$record"
record_id=$(echo "$record" | number record_id)
echo "record $(echo "$record" | text record_number), pending"

# No certificate before the approval.
early=$(call record/getCertificate '{"record_id": '"$record_id"'}')
expect '"error_code":100320' "$early"
echo "no certificate yet: $(echo "$early" | text message)"

# Approve it.
approved=$(call record/auditRecord '{"record_id": '"$record_id"', "action": "pass", "reply": "Expected"}')
expect '"audit_status":"approved"' "$approved"
echo "approved"

# The certificate, and the text of its QR code.
certificate=$(call record/getCertificate '{"record_id": '"$record_id"'}')
expect '"verifiable":true' "$certificate"
qr_text=$(echo "$certificate" | text qr_text)
echo "certificate $(echo "$certificate" | text certificate_status): $qr_text"

# Verify what was scanned. The nonce names this scan.
verified=$(call record/verifyCertificate '{
  "certificate_code": "'"$qr_text"'",
  "action_type": "set_next_certificate_status",
  "nonce": "scan-'"$record_id"'-1"
}')
expect '"is_final":true' "$verified"
echo "verified: $(echo "$verified" | text certificate_status)"

# The answer was lost? The same nonce has the same answer.
repeated=$(call record/verifyCertificate '{
  "certificate_code": "'"$qr_text"'",
  "action_type": "set_next_certificate_status",
  "nonce": "scan-'"$record_id"'-1"
}')
expect "$verified" "$repeated"
echo "repeated: the same answer"

# Scanned again, it is refused: the certificate is used up.
again=$(call record/verifyCertificate '{
  "certificate_code": "'"$qr_text"'",
  "action_type": "set_next_certificate_status",
  "nonce": "scan-'"$record_id"'-2"
}')
expect '"error_code":100324' "$again"
echo "again: $(echo "$again" | text message)"
