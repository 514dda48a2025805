//! Documents on their pages: text, and the pages of a PDF. Folders as archives.

use std::io::Read as _;

use rstest::rstest;

use crate::support::*;

/// A PDF whose pages have these heights.
pub fn pdf(heights: &[u32]) -> Vec<u8> {
    let mut objects =
        vec!["%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj".to_owned(), String::new()];
    let mut kids = Vec::new();
    for (number, height) in (3..).zip(heights) {
        kids.push(format!("{number} 0 R"));
        let page = format!("<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 {height}]>>");
        objects.push(format!("{number} 0 obj{page}endobj"));
    }
    let (kids, count) = (kids.join(" "), heights.len());
    objects[1] = format!("2 0 obj<</Type/Pages/Kids[{kids}]/Count {count}>>endobj");
    objects.push("trailer<</Root 1 0 R>>\n%%EOF\n".to_owned());
    objects.join("\n").into_bytes()
}

fn size_of(webp: &[u8]) -> (u32, u32) {
    let decoded = image::load_from_memory(webp).unwrap();
    (decoded.width(), decoded.height())
}

#[rstest]
#[actix_web::test]
async fn documents_are_read_on_their_pages(#[values(Sqlite, MariaDb)] backend: Backend) {
    let (app, admin) = TestApp::ready(backend).await;
    let program = app.program("root").await;
    let id = admin.upload_one("two pages.pdf", &pdf(&[100, 200])).await;
    assert_eq!(program.get(&format!("/api/media/{id}/thumbnail")).await.status(), 200);
    let page = admin.page(&format!("/items/{id}")).await;
    assert!(page.says("Page 1 of 2") && page.says("Pages 2"), "{}", page.text());
    let next = page.attribute("[data-page-numbers] a[rel=next]", "href").unwrap();
    let second = admin.page(&next).await.attribute(".page-view img", "src").unwrap();
    let answer = admin.get(&second).await;
    assert_eq!(header(&answer, "content-type"), "image/webp");
    assert_eq!(size_of(&answer.bytes().await.unwrap()), (800, 1600));
    for page in ["0", "3", "-1", "x", "99999999999"] {
        assert_eq!(admin.get(&format!("/media/{id}/pages/{page}")).await.status(), 404, "{page}");
    }
    let (ada, _) = app.person(&admin, "ada").await;
    assert_eq!(ada.get(&second).await.status(), 404);

    let letter = "<b>Gr\u{fc}\u{df}e</b>".chars().map(|c| u8::try_from(u32::from(c)).unwrap());
    let id = admin.upload_one("letter.txt", &letter.collect::<Vec<_>>()).await;
    assert_eq!(admin.page(&format!("/items/{id}")).await.all("pre"), ["<b>Grüße</b>"]);
    let long = "word ".repeat(60_000);
    let id = admin.upload_one("long.md", long.as_bytes()).await;
    let page = admin.page(&format!("/items/{id}")).await;
    assert!(page.says("Only the beginning is shown"));
    let id = admin.upload_one("table.csv", b"a,b\0c").await;
    admin.page(&format!("/items/{id}")).await;
}

#[rstest]
#[actix_web::test]
async fn a_folder_is_downloaded_with_the_folders_in_it(
    #[values(Sqlite, MariaDb)] backend: Backend,
) {
    let (app, admin) = TestApp::ready(backend).await;
    let create = async |name: &str, parent: &str| {
        let fields = [("name", name), ("parent", parent)];
        let made = admin.submit("/uploads", "/directories", &fields).await;
        location(&made).trim_start_matches("/directories/").to_owned()
    };
    let trip = create("Summer 2018", "").await;
    let day = create("Day: one", &trip).await;
    create("Empty", &trip).await;
    admin.upload_into(&trip, &[("plan.txt", b"by train")]).await;
    admin.upload_into(&day, &[("plan.txt", b"on foot")]).await;

    let answer = admin.get(&format!("/directories/{trip}/download")).await;
    assert!(header(&answer, "content-disposition").contains("Summer 2018.zip"));
    let bytes = answer.bytes().await.unwrap().to_vec();
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut names: Vec<String> = archive.file_names().map(str::to_owned).collect();
    names.sort_unstable();
    let folders = ["Summer 2018/", "Summer 2018/Day_ one/", "Summer 2018/Day_ one/plan.txt"];
    assert_eq!(names[..3], folders);
    assert_eq!(names[3..], ["Summer 2018/Empty/", "Summer 2018/plan.txt"]);
    let mut text = String::new();
    archive.by_name(folders[2]).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "on foot");

    let page = admin.page(&format!("/directories/{trip}")).await;
    assert!(page.says("1 item · 8 bytes"), "{}", page.text());
    let (ada, _) = app.person(&admin, "ada").await;
    assert_eq!(ada.get(&format!("/directories/{trip}/download")).await.status(), 404);
}
