//! The zips of programs: whether the program in it could run.

use std::io::{Cursor, Read};

use zip::ZipArchive;

/// What Lambda starts with the runtime `provided.al2023`.
pub const BOOTSTRAP: &str = "bootstrap";
/// What customers run to look before they launch.
pub const PREFLIGHT: &str = "preflight";

/// Lambda's limit for a function's unzipped code (Lambda quotas).
const LARGEST: u64 = 250 * 1024 * 1024;

/// The machine of a program for `x86_64`, which the onboarding stack asks for (ELF, `e_machine`).
const X86_64: [u8; 2] = [62, 0];

/// Says what is wrong with the zip of a program, for a person.
pub fn check(program_name: &str, bytes: &[u8]) -> Result<(), String> {
    let mut archive = ZipArchive::new(Cursor::new(bytes))
        .map_err(|error| format!("it cannot be read as a zip: {error}"))?;
    let mut program = archive
        .by_name(program_name)
        .map_err(|_| format!("there is no file {program_name} in it, at its top"))?;
    if program.size() > LARGEST {
        return Err(format!("{program_name} has more than the 250 MB that Lambda takes"));
    }
    if program.unix_mode().is_some_and(|mode| mode & 0o111 == 0) {
        return Err(format!(
            "{program_name} is not marked as executable in it, so it cannot be started"
        ));
    }
    let mut head = [0; 20];
    let read = program.read_exact(&mut head);
    if read.is_err() || head[..4] != *b"\x7fELF" {
        return Err(format!("{program_name} is not a program for Linux"));
    }
    if head[18..20] != X86_64 {
        return Err(format!("{program_name} is not for x86_64, which it is run on"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use templates::catalog::LOGS_ANALYSIS_ONBOARDING;
    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;

    fn packed(name: &str, mode: u32, body: &[u8]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().unix_permissions(mode);
        writer.start_file(name, options).unwrap();
        writer.write_all(body).unwrap();
        writer.finish().unwrap().into_inner()
    }

    fn program(machine: u8) -> Vec<u8> {
        let mut body = vec![0; 64];
        body[..4].copy_from_slice(b"\x7fELF");
        body[18] = machine;
        body
    }

    #[test]
    fn a_program_for_the_stacks_machine_is_taken() {
        assert_eq!(check(BOOTSTRAP, &packed("bootstrap", 0o755, &program(62))), Ok(()));
        assert!(LOGS_ANALYSIS_ONBOARDING.body.contains("Architectures: [x86_64]"));
    }

    #[test]
    fn what_lambda_could_not_run_is_refused_in_words() {
        for (bytes, words) in [
            (b"PK".to_vec(), "cannot be read as a zip"),
            (packed("bin/bootstrap", 0o755, &program(62)), "there is no file bootstrap in it"),
            (packed("bootstrap", 0o644, &program(62)), "not marked as executable"),
            (packed("bootstrap", 0o755, b"#!/bin/sh\n"), "not a program for Linux"),
            (packed("bootstrap", 0o755, &program(183)), "not for x86_64"),
        ] {
            let refused = check(BOOTSTRAP, &bytes).unwrap_err();
            assert!(refused.contains(words), "{refused}");
        }
    }
}
