//! What went wrong with a connection, in the reader's language. The server says it in English and in full; what is known is
//! recognised by what its sentence holds, and everything else is left as it stands.

use crate::text::find;

/// What a sentence holds, and the text that stands for it. The first that fits is taken, so what is special comes first.
const KNOWN: [(&[&str], &str); 17] = [
    (&["refused the bind", "the bind was refused"], "login_refused"),
    (&["auth: the relay answered", "no way to log in"], "login_refused"),
    (
        &["the bind was not made", "the answer to the bind cannot be read"],
        "login_unanswered",
    ),
    (&["does not prove that it knows the secret"], "peer_unproven"),
    (&["TLS", "certificate"], "tls"),
    (&["onnection refused"], "refused"),
    (&["failed to lookup", "not known", "name resolution"], "name"),
    (&["unreachable", "No route to host"], "no_route"),
    (
        &["did not answer within", "no answer within", "timed out"],
        "unanswered",
    ),
    (&["link tests went unanswered"], "link_test"),
    (&["silent for"], "silent"),
    (&["does not read what we answer"], "does_not_read"),
    (
        &["closed the connection", "ended the session", "closes the session"],
        "closed",
    ),
    (
        &[
            "reset by peer",
            "roken pipe",
            "connection broke",
            "writing failed",
        ],
        "cut",
    ),
    (&["asks to slow down"], "slow_down"),
    (&["a delivery could not be read"], "delivery_unreadable"),
    (
        &[
            "cannot be cut into PDUs",
            "the relay sent a",
            "the relay said more",
            "before it was asked",
        ],
        "unreadable",
    ),
];

/// Short words for a connection's last error; `None` for one that is not known.
pub fn trouble(error: &str) -> Option<&'static str> {
    let (_, key) = KNOWN
        .iter()
        .find(|(marks, _)| marks.iter().any(|mark| error.contains(mark)))?;
    find(&format!("trouble.{key}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Language, Messages, load};

    #[test]
    fn what_the_server_says_has_words() {
        load(Language::Zh, Messages { zh: "", en: "" });
        for (error, words) in [
            (
                "the carrier refused the bind: authentication failed (3)",
                "对端拒绝登录",
            ),
            ("the bind was not made or not answered in time", "登录没有应答"),
            (
                "the peer's answer to the bind does not prove that it knows the secret",
                "对端身份未通过校验",
            ),
            (
                "127.0.0.1:17890 cannot be reached: Connection refused (os error 111)",
                "对端拒绝连接",
            ),
            ("127.0.0.1:17890 did not answer within 5 s", "对端没有应答"),
            (
                "smsc.example:7890 cannot be reached: failed to lookup address information: Name or service not known",
                "域名无法解析",
            ),
            (
                "10.0.0.1:7890 cannot be reached: Network is unreachable (os error 101)",
                "网络不通",
            ),
            (
                "10.0.0.1:7890 cannot be reached: No route to host (os error 113)",
                "网络不通",
            ),
            ("3 link tests went unanswered", "链路检测没有应答"),
            ("silent for 10 s with requests open", "对端长时间不应答"),
            ("the carrier does not read what we answer", "对端不接收我方应答"),
            ("the carrier closed the connection", "对端关闭了连接"),
            ("the peer ended the session", "对端关闭了连接"),
            ("the relay closes the session: 421", "对端关闭了连接"),
            ("Connection reset by peer (os error 104)", "连接被切断"),
            ("writing failed: Broken pipe (os error 32)", "连接被切断"),
            ("the connection broke: unexpected end of file", "连接被切断"),
            ("the relay asks to slow down: 421 4.7.0", "对端要求放慢"),
            (
                "a delivery could not be read: msg_id is cut short",
                "对端的回执无法识别",
            ),
            (
                "the stream cannot be cut into PDUs: a length field of 9 is outside 12 to 4096",
                "对端的数据无法识别",
            ),
            (
                "the relay sent a line that is no SMTP reply",
                "对端的数据无法识别",
            ),
            (
                "auth: the relay answered 535 5.7.8 bad credentials",
                "对端拒绝登录",
            ),
            ("ehlo: no answer within 30 s", "对端没有应答"),
            (
                "the relay offers no STARTTLS; nothing is sent in the clear",
                "加密连接失败",
            ),
            (
                "no TLS with the relay: invalid peer certificate: Expired",
                "加密连接失败",
            ),
        ] {
            assert_eq!(trouble(error), Some(words), "{error}");
        }
    }

    #[test]
    fn what_is_not_known_is_left_alone() {
        load(Language::Zh, Messages { zh: "", en: "" });
        for error in ["", "原因", "status 88", "<img src=x>"] {
            assert_eq!(trouble(error), None, "{error}");
        }
    }
}
