//! Style sheets: many small files become one without comments.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, bail};

/// All style sheets of the folders, in this order and by name in each, as one.
pub fn collect(folders: &[&Path]) -> Result<String> {
    let mut all = String::new();
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == "css") {
                paths.push(path);
            }
        }
        paths.sort();
        for path in paths {
            let text = fs::read_to_string(&path)?;
            let short = shorten(&text).with_context(|| format!("in {}", path.display()))?;
            all.push_str(&short);
        }
    }
    Ok(all)
}

/// Without comments, indentation and empty lines.
fn shorten(text: &str) -> Result<String> {
    let mut rest = text;
    let mut bare = String::with_capacity(text.len());
    while let Some((before, comment)) = rest.split_once("/*") {
        bare.push_str(before);
        let Some((_, after)) = comment.split_once("*/") else {
            bail!("a comment does not end")
        };
        rest = after;
    }
    bare.push_str(rest);
    let lines = bare.lines().map(str::trim).filter(|line| !line.is_empty());
    Ok(lines.fold(String::new(), |all, line| all + line + "\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_indentation_go() {
        assert_eq!(
            shorten("/* a\n b */\n.x {\n  top: 0; /* c */\n}\n").unwrap(),
            ".x {\ntop: 0;\n}\n"
        );
        assert_eq!(shorten("").unwrap(), "");
        shorten(".x {} /* open").unwrap_err();
    }

    #[test]
    fn folders_come_in_order_and_files_by_name() {
        let home = tempfile::tempdir().unwrap();
        let (kit, wall) = (home.path().join("kit"), home.path().join("wall"));
        for (folder, files) in [(&kit, ["2.css", "1.css"]), (&wall, ["0.css", "read.me"])] {
            fs::create_dir(folder).unwrap();
            for file in files {
                fs::write(folder.join(file), format!(".{file}")).unwrap();
            }
        }
        let missing = home.path().join("missing");
        assert_eq!(
            collect(&[&kit, &missing, &wall]).unwrap(),
            ".1.css\n.2.css\n.0.css\n"
        );
    }
}
