//! What takes up storage: for users with their largest files and duplicates, for admins without names.

use rstest::rstest;

use crate::support::*;

#[rstest]
#[actix_web::test]
async fn users_see_their_largest_files_and_duplicates_and_admins_see_how_much_each_stores(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let (ada, _) = app.person(&admin, "ada").await;
    assert!(ada.page("/account/storage").await.says("Nothing stored yet"));

    let program = app.program("ada").await;
    program.upload_one("large.bin", &vec![7; 90_000]).await;
    program.upload_one("letter.txt", b"Dear Bob").await;
    // The same content under another name, which the user wants to keep.
    let copy = reqwest::multipart::Form::new().text("keep_duplicates", "true").part(
        "file",
        reqwest::multipart::Part::bytes(vec![7; 90_000]).file_name("copy of large.bin"),
    );
    let answer = program.request("POST", "/api/media/upload").multipart(copy).send().await.unwrap();
    assert_eq!(answer.status(), 201);

    let page = ada.page("/account/storage").await;
    assert!(page.says("Files 3 items") && page.says("Copies take up 90 kB"), "{}", page.text());
    let boxes = selector(".duplicates input[name=ids]");
    let checked: Vec<bool> =
        page.html.select(&boxes).map(|input| input.value().attr("checked").is_some()).collect();
    assert_eq!(checked, [false, true], "the oldest stays");
    let largest = page.all("section[aria-labelledby=largest] li a");
    assert_eq!(largest.first().map(|name| name.contains("large.bin")), Some(true), "{largest:?}");

    let overview = admin.page("/admin/storage").await;
    assert!(overview.says("180 kB stored by 1 person"), "{}", overview.text());
    assert!(overview.says("90 kB") && !overview.says("large.bin"), "names stay private");

    // The copies go, and the original stays.
    let id = page.attribute(".duplicates input[checked]", "value").unwrap();
    ada.submit("/account/storage", "/items/trash", &[("ids", &id)]).await;
    let page = ada.page("/account/storage").await;
    assert!(page.says("No file is stored twice") && page.says("Trash 1 item"), "{}", page.text());
}
