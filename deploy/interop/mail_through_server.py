"""Sends mails through a running server to independent relays, and bounces back to it as an independent client.

    python mail_through_server.py URL BOUNCES-PORT OPERATOR-PASSWORD FOLDER NAME=API-KEY...

The relay NAME (python/relay.py) writes what it took to FOLDER/NAME.received. The account of the relay `none`
may send short messages too; FOLDER/sms.expected gets a line "number TAB text" for each. Errors when anything is missing
or different.
"""

import base64
import email.message
import email.policy
import hashlib
import json
import smtplib
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

from through_server import call

DEADLINE_S = 20
SUBJECT = "检查报告已出：" + "请携带就诊卡、医保卡及既往检查资料😀" * 8
# Lines that begin with dots, are longer than SMTP allows or end in blanks: what senders like to get wrong.
TEXT = "\n".join(
    ["王女士，您好：", ".", "..", ".com 开头", "From 三楼", "", "尾部空格  ", "\t制表符", "内" * 2000, "x" * 2000, "Grüße 𠮷😀", "."]
)
DOTS = "Dear Ms Wang,\n.\n..\n.com\n\nFrom us = to you\n."
HTML = f"<html><body><p>王女士，您好。</p>\n.\n<p title=\"=3D\">{'报告' * 1000}</p></body></html>"
ATTACHMENTS = [
    ("检查报告（王女士）2026年第一季度肝胆胰脾双肾彩色多普勒超声.pdf", "application/pdf", bytes(range(256)) * 5000),
    ("dots.txt", "text/plain", b"\r\n.\r\n..\r\nbare\nend\r" * 20),
]
# How each relay is to see us.
RELAYS = {
    "none": {"encrypted": False, "login": None},
    "starttls": {"encrypted": True, "login": "PLAIN"},
    "tls": {"encrypted": True, "login": "LOGIN"},
}
SENDER = "notice@hospital.example"


class Peers:
    """The server and what the relays got from it."""

    def __init__(self, url, bounces_port, operator_password, folder, keys):
        self.url = url
        self.bounces_port = bounces_port
        self.folder = folder
        self.keys = keys
        self.session = self.log_in(operator_password)

    def post(self, relay, path, body, media_type):
        return call(self.url, self.keys[relay], path, body, media_type)

    def send(self, relay, message):
        return self.post(relay, "/v1/messages", json.dumps(message).encode(), "application/json")["id"]

    def journey(self, relay, id):
        return call(self.url, self.keys[relay], f"/v1/messages/{urllib.parse.quote(id)}")

    def ends_as(self, relay, id, status):
        """The journey, once the message has this status."""
        return wait(
            lambda: self.journey(relay, id),
            lambda journey: journey["status"] == status,
            f"{relay}: {id} is not {status}",
        )

    def mail_of(self, relay, id):
        """The mail of a message, once the relay has it and the journey says so."""
        wait(
            lambda: self.journey(relay, id),
            lambda journey: any(segment["status"] == "submitted" for segment in journey["attempts"][0]["segments"]),
            f"{relay}: {id} is not submitted",
        )
        with open(f"{self.folder}/{relay}.received", encoding="utf-8") as file:
            mails = [json.loads(line) for line in file]
        for mail in mails:
            mail["content"] = base64.b64decode(mail["content"])
        mine = [mail for mail in mails if f"Message-ID: <{id}.".encode() in mail["content"]]
        expect(f"{relay}: mails of {id}", len(mine), 1)
        return mine[0]

    def log_in(self, password):
        """The headers that an operator's requests bring."""
        body = json.dumps({"name": "admin", "password": password}).encode()
        request = urllib.request.Request(f"{self.url}/v1/login", data=body)
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=30) as response:
            cookie = response.headers["Set-Cookie"].split(";")[0]
            return {"Cookie": cookie, "X-CSRF-Token": json.load(response)["csrf"]}

    def admin(self, path, body=None):
        request = urllib.request.Request(f"{self.url}/v1/admin/{path}", data=body, headers=self.session)
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return json.load(response)
        except urllib.error.HTTPError as refused:
            sys.exit(f"{path} was answered with {refused.code}: {refused.read().decode()}")

    def test_of(self, relay, **changes):
        """The steps of a test of the relay's connection with these changes, and what stopped it."""
        entry = self.admin(f"catalog/connection/{relay}")
        mail = entry["mail"] | changes.pop("mail", {})
        body = json.dumps(entry | {"mail": mail} | changes).encode()
        steps = self.admin(f"connections/{relay}/test", body)["steps"]
        failed = [step["answer"] for step in steps if not step["passed"]]
        return [step["step"] for step in steps], failed

    def bounce(self, mail, action, status, diagnostic):
        """A delivery status notification (RFC 3464) goes to the mail's return path."""
        notification = report(mail, action, status, diagnostic)
        with smtplib.SMTP("127.0.0.1", self.bounces_port, "mx.home.example", DEADLINE_S) as client:
            client.sendmail("", [mail["from"]], notification)


def report(mail, action, status, diagnostic):
    whole = MIMEMultipart("report", **{"report-type": "delivery-status"})
    whole["From"] = "MAILER-DAEMON@mx.home.example"
    whole["To"] = mail["from"]
    whole["Subject"] = "邮件投递状态通知"
    whole["Auto-Submitted"] = "auto-replied"
    whole.attach(MIMEText("您的邮件未能投递。", "plain", "utf-8"))
    about_all, about_one = email.message.Message(), email.message.Message()
    about_all["Reporting-MTA"] = "dns; mx.home.example"
    about_one["Final-Recipient"] = f"rfc822; {mail['to'][0]}"
    about_one["Action"] = action
    about_one["Status"] = status
    about_one["Diagnostic-Code"] = f"smtp; {diagnostic}"
    said = email.message.Message()
    said["Content-Type"] = "message/delivery-status"
    said.attach(about_all)
    said.attach(about_one)
    whole.attach(said)
    # Many give back the headers alone, some the whole mail.
    whole.attach(MIMEMessage(email.message_from_bytes(mail["content"])))
    return whole.as_bytes(policy=whole.policy.clone(linesep="\r\n"))


def wait(ask, is_right, complaint):
    deadline = time.monotonic() + DEADLINE_S
    while True:
        answer = ask()
        if is_right(answer):
            return answer
        if time.monotonic() > deadline:
            sys.exit(f"{complaint}: {json.dumps(answer, ensure_ascii=False)}")
        time.sleep(0.05)


def expect(what, value, expected):
    if value != expected:
        sys.exit(f"{what}: {value!r} instead of {expected!r}")


def check_mail(relay, id, mail):
    """Compares a received mail with what was sent."""
    how = RELAYS[relay]
    expect("encrypted", mail["encrypted"], how["encrypted"])
    expect("login", mail["login"], how["login"])
    expect("EHLO", mail["hello"], "hospital.example")
    expect("recipient", mail["to"], [f"wang.{relay}@home.example"])
    local, domain = mail["from"].split("@")
    expect("return path", (local.startswith("b+"), domain), (True, "bounces.hospital.example"))

    lines = mail["content"].split(b"\r\n")
    expect("bare line ends", [line for line in lines if b"\n" in line or b"\r" in line], [])
    expect("long lines", [line for line in lines if len(line) > 998], [])
    parsed = email.message_from_bytes(mail["content"], policy=email.policy.SMTP)
    defects = [defect for part in parsed.walk() for defect in part.defects]
    expect("defects", defects, [])
    expect("header defects", [value.defects for value in parsed.values() if value.defects], [])
    expect("Message-ID", parsed["Message-ID"], f"<{id}.0@hospital.example>")
    expect("Subject", parsed["Subject"], SUBJECT)
    [sender] = parsed["From"].addresses
    expect("From", (sender.display_name, sender.addr_spec), ("示范医院（通知）", SENDER))
    expect("To", [address.addr_spec for address in parsed["To"].addresses], mail["to"])
    expect("Auto-Submitted", parsed["Auto-Submitted"], "auto-generated")
    age_s = time.time() - parsed["Date"].datetime.timestamp()
    expect("Date is now", abs(age_s) < 60, True)
    expect("text", text_of(parsed, "plain"), TEXT)
    expect("html", text_of(parsed, "html"), HTML)
    attached = [
        (part.get_filename(), part.get_content_type(), part.get_payload(decode=True))
        for part in parsed.iter_attachments()
    ]
    for (name, kind, content), got in zip(ATTACHMENTS, attached, strict=True):
        expect("attachment", got[:2], (name, kind))
        expect(f"content of {name}", hashlib.sha256(got[2]).hexdigest(), hashlib.sha256(content).hexdigest())


def text_of(mail, kind):
    text = mail.get_body((kind,)).get_content()
    return text.replace("\r\n", "\n").removesuffix("\n")


def whole_mail(peers, relay):
    """A mail with everything in it; what was reported of it at last ends it."""
    attachments = [
        {"file": peers.post(relay, "/v1/files", content, kind)["file"], "name": name, "media_type": kind}
        for name, kind, content in ATTACHMENTS
    ]
    message = {
        "mail": f"wang.{relay}@home.example",
        "subject": SUBJECT,
        "text": TEXT,
        "html": HTML,
        "attachments": attachments,
    }
    id = peers.send(relay, message)
    mail = peers.mail_of(relay, id)
    check_mail(relay, id, mail)

    peers.bounce(mail, "delayed", "4.4.1", "451 4.4.1 mx2.home.example does not answer")
    journey = peers.journey(relay, id)
    expect("status after a delay", journey["status"], "active")
    peers.bounce(mail, "failed", "5.1.1", "550 5.1.1 no such mailbox")
    journey = peers.ends_as(relay, id, "failed")
    expect("cause", journey["cause"], "5.1.1")
    # The same once more, and another word about it: what has ended stays as it is.
    peers.bounce(mail, "failed", "5.1.1", "550 5.1.1 no such mailbox")
    peers.bounce(mail, "delivered", "2.1.5", "250 2.1.5 done")
    expect("status in the end", peers.journey(relay, id)["status"], "failed")


def delivered_mail(peers, relay):
    """A mail in ASCII, whose dots stand on the wire as they are."""
    id = peers.send(relay, {"mail": "li@home.example", "subject": "Notice", "text": DOTS})
    mail = peers.mail_of(relay, id)
    parsed = email.message_from_bytes(mail["content"], policy=email.policy.SMTP)
    expect("text in ASCII", text_of(parsed, "plain"), DOTS)
    peers.bounce(mail, "delivered", "2.1.5", "250 2.1.5 done")
    peers.ends_as(relay, id, "delivered")


def fallback(peers, to, recipient, bounces):
    """A plan of a mail and, when it failed, a short message."""
    text = f"您的报告已出，邮件未能送达（{recipient}）。"
    plan = [{"channel": "mail"}, {"channel": "sms", "text": text, "when": "failed"}]
    message = {"to": to, "mail": recipient, "subject": "检查报告", "text": "您的报告已出。", "plan": plan}
    id = peers.send("none", message)
    if bounces:
        peers.bounce(peers.mail_of("none", id), "failed", "5.1.1", "550 5.1.1 no such mailbox")
    journey = peers.ends_as("none", id, "delivered")
    [mail, sms] = journey["attempts"]
    codes = [(segment["status"], segment["code"]) for segment in mail["segments"]]
    expect("the mail", codes, [("failed", "5.1.1")] if bounces else [("rejected", "550 5.1.1")])
    expect("the short message", [segment["status"] for segment in sms["segments"]], ["delivered"])
    return f"{to}\t{text}\n"


def tests_of_connections(peers):
    """Operators' tests pass with the settings as they are, and stop at what is wrong in others."""
    steps = {
        "none": ["connect", "greeting", "ehlo"],
        "starttls": ["connect", "greeting", "ehlo", "starttls", "tls", "ehlo", "auth"],
        "tls": ["connect", "tls", "greeting", "ehlo", "auth"],
    }
    for relay, whole in steps.items():
        expect(f"test of {relay}", peers.test_of(relay), ([*whole, "noop", "quit"], []))
    until_tls = steps["starttls"][:5]
    cases = [
        ("none", {"mail": {"security": "starttls"}}, [*steps["none"], "starttls"], "the relay offers no STARTTLS"),
        ("starttls", {"mail": {"ca_file": None}, "password": "typed"}, until_tls, "no TLS with the relay: invalid peer certificate"),
        ("starttls", {"host": "localhost", "password": "typed"}, until_tls, "no TLS with the relay: invalid peer certificate"),
        ("starttls", {"password": "wrong"}, steps["starttls"], "535 5.7.8"),
        ("tls", {"mail": {"ca_file": None}, "password": "typed"}, ["connect", "tls"], "no TLS with the relay: invalid peer certificate"),
        ("tls", {"password": "wrong"}, steps["tls"], "535 5.7.8"),
    ]
    for relay, changes, expected, answer in cases:
        taken, failed = peers.test_of(relay, **changes)
        what = f"test of {relay} with {changes}"
        expect(what, taken, expected)
        expect(f"{what}: {failed}", len(failed) == 1 and answer in failed[0], True)


def forged(peers):
    """A return path nobody gave out is refused."""
    mail = {"from": "b+0e5v7q2k0r401.0.1.0000000000000@bounces.hospital.example", "to": ["x@y"], "content": b""}
    try:
        peers.bounce(mail, "failed", "5.1.1", "550 5.1.1 no such mailbox")
    except smtplib.SMTPRecipientsRefused as refused:
        [(code, _)] = refused.recipients.values()
        expect("answer to a forged return path", code, 550)
    else:
        sys.exit("a forged return path was taken")


def main():
    if len(sys.argv) < 6:
        sys.exit("usage: python mail_through_server.py URL BOUNCES-PORT OPERATOR-PASSWORD FOLDER NAME=API-KEY...")
    url, bounces_port, operator_password, folder, *accounts = sys.argv[1:]
    keys = dict(account.split("=", 1) for account in accounts)
    peers = Peers(url, int(bounces_port), operator_password, folder, keys)
    tests_of_connections(peers)
    print("tests of connections stop at what is wrong")
    for relay in RELAYS:
        whole_mail(peers, relay)
        delivered_mail(peers, relay)
        print(f"{relay}: mails received as sent, bounces recorded")
    forged(peers)
    with open(f"{folder}/sms.expected", "w", encoding="utf-8") as file:
        file.write(fallback(peers, "13800000001", "gone@home.example", bounces=True))
        file.write(fallback(peers, "13800000002", "unknown@home.example", bounces=False))
    print("bounced and refused mails fell back to short messages")


if __name__ == "__main__":
    main()
